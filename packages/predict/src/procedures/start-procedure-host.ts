import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { chooseHost } from '../open-predictor.ts';
import type { OpenPredictorParts } from '../open-predictor.ts';
import type { PredictorHost, SetupSink } from '../predictor-host.ts';
import type { ProcedureSources } from './procedure-sources.ts';

/** A host over its own copy of the source, which goes with it. Rejects with a sentence for the caller; nothing is left then. */
export async function startProcedureHost(
  url: string,
  sink: SetupSink,
  { sources, opening }: { readonly sources: ProcedureSources; readonly opening: OpenPredictorParts },
): Promise<PredictorHost> {
  const root = await mkdtemp(path.join(opening.folder, 'procedure-'));
  const remove = async () => {
    if (!opening.config.keepFiles) await rm(root, { recursive: true, force: true });
  };
  try {
    const dir = await sources.lay(url, path.join(root, 'source'), sink.signal);
    const startHost = await chooseHost(dir, opening);
    sink.signal.throwIfAborted();
    const host = await startHost(sink);
    void host.ended.then(() => remove().catch(() => undefined));
    return {
      schemas: host.schemas,
      maxConcurrency: host.maxConcurrency,
      ended: host.ended,
      predict: (call) => host.predict(call),
      async stop(deadline) {
        await host.stop(deadline);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
