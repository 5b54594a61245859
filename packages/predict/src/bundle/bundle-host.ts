import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import type { BundleEvent, PredictInvocation, PredictOutcome } from '@switchyard/protocol';
import { HostFailure, describeFailure } from '@switchyard/runner';
import type { BundleCall, BundleVersion, Invocation, ProducedFile, Runner } from '@switchyard/runner';
import { createPathMask } from '../path-mask.ts';
import type { PredictConfig } from '../predict-config.ts';
import type { HostFile, HostOutput, PredictCall, PredictResult } from '../predictor.ts';
import type { PredictorHost, SetupSink } from '../predictor-host.ts';
import type { RunningPredictor } from '../predictor-source.ts';
import type { JsonObject } from '../prediction-view.ts';

export interface BundleHostParts {
  readonly runner: Runner;
  readonly version: BundleVersion;
  readonly config: Pick<PredictConfig, 'setupMs' | 'maxConcurrency'>;
  /** What the predictor asks of the platform. Alone, there is none. */
  onCall(call: BundleCall): Promise<unknown>;
}

const NO_CALL = { id: '', input: {}, context: {}, files: [] };

/** Runs setup of a predictor written in TypeScript, in a host of the runner. Rejects with a sentence for its author. */
export async function startBundleHost(parts: BundleHostParts, sink: SetupSink): Promise<PredictorHost> {
  const { runner, version, config } = parts;
  const manifest = await runner.inspect(version).catch((error: unknown) => {
    throw new Error(describeFailure(error), { cause: error });
  });
  const { predict, limits } = manifest;
  if (predict === undefined) throw new Error('this bundle has no predictor: it declares no `predict`');
  const invoke = createInvoke(parts);
  const setup = await invoke('setup', {
    payload: NO_CALL,
    signal: sink.signal,
    timeoutMs: config.setupMs,
    onLog: (text) => sink.onLog(text),
  });
  if (setup.status !== 'succeeded') {
    // Its setup is remembered by the process: the next attempt begins with a fresh one.
    runner.retire(version.versionId);
    throw new Error(setup.status === 'failed' ? setup.error : 'setup was canceled');
  }
  const ended = Promise.withResolvers<string>();
  return {
    schemas: predict.schemas,
    maxConcurrency: (limits.concurrency ?? config.maxConcurrency) * (limits.instances ?? 1),
    ended: ended.promise,
    async predict(call) {
      return invoke('predict', { ...call, payload: await payloadOf(call), onCrash: ended.resolve });
    },
    async check() {
      if (!predict.hasHealthcheck) return true;
      const { signal } = new AbortController();
      const result = await invoke('check', { payload: NO_CALL, signal, timeoutMs: config.setupMs });
      return result.status === 'succeeded' && result.output?.value === true;
    },
    async stop() {
      runner.retire(version.versionId);
      ended.resolve('the server stopped it');
    },
  };
}

/** A version that somebody else keeps running: its setup is run by the process that has not done it yet. */
export function createBundlePredictor(
  parts: InvokeParts & { readonly schemas: JsonObject },
): RunningPredictor {
  const invoke = createInvoke(parts);
  return {
    schemas: parts.schemas,
    predict: async (call) => invoke('predict', { ...call, payload: await payloadOf(call) }),
  };
}

async function payloadOf({ id, input, context, files: given }: PredictCall): Promise<PredictInvocation> {
  const files = await Promise.all(
    given.map(async ({ pointer, path, name }) => ({ pointer, name, content: await readFile(path) })),
  );
  return { id, input, context, files };
}

type Call = Partial<Pick<PredictCall, 'onLog' | 'onMetric' | 'onOutput'>> & {
  readonly payload: PredictInvocation | typeof NO_CALL;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  onCrash?(reason: string): void;
};

interface InvokeParts extends Pick<BundleHostParts, 'version' | 'onCall'> {
  readonly runner: Pick<Runner, 'invoke'>;
}

function createInvoke({ runner, version, onCall }: InvokeParts) {
  const shown = createPathMask(version.dir);
  return async (name: string, call: Call): Promise<PredictResult> => {
    // A file is told before the value that it belongs to.
    const files: HostFile[] = [];
    const onLog = (text: string) => call.onLog?.(shown(text));
    const invocation: Invocation = {
      kind: 'predict',
      name,
      payload: call.payload,
      signal: call.signal,
      ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
      onCall,
      onLog: ({ text }) => onLog(`${text}\n`),
      onEvent: async (event, file) => {
        if (event.kind === 'file' && file !== undefined) files.push(await keep(event.filename, file));
        else if (event.kind === 'event') await takeEvent(event, { ...call, onLog }, files);
      },
    };
    try {
      const result = toResult((await runner.invoke(version, invocation)) as PredictOutcome, files);
      return result.status === 'failed' ? { ...result, error: shown(result.error) } : result;
    } catch (error) {
      if (call.signal.aborted) return { status: 'canceled' };
      const cause = error instanceof PlatformError ? error.cause : error;
      if (cause instanceof HostFailure) call.onCrash?.(cause.message);
      const isLost = cause instanceof HostFailure && cause.reason !== 'stopped';
      return { status: 'failed', error: shown(reasonOf(error)), ...(isLost ? { isLost } : {}) };
    }
  };
}

async function takeEvent(
  { type, data }: Extract<BundleEvent, { kind: 'event' }>,
  call: Call,
  files: HostFile[],
): Promise<void> {
  switch (type) {
    case 'predict.log':
      return call.onLog?.(String(data['text']));
    case 'predict.metric':
      return call.onMetric?.(String(data['name']), data['value']);
    case 'predict.output':
      return call.onOutput?.(toOutput(data['output'], data['files'], files));
    default:
      return undefined;
  }
}

function toResult(outcome: PredictOutcome, files: HostFile[]): PredictResult {
  if (outcome.status === 'canceled') return { status: 'canceled' };
  if (outcome.status === 'failed')
    return { status: 'failed', error: outcome.error ?? 'the predictor failed' };
  if (outcome.iterates === true) return { status: 'succeeded', iterates: true };
  return { status: 'succeeded', output: toOutput(outcome.output ?? null, outcome.files, files) };
}

/** The value's files are those told since the last one, in their order. */
function toOutput(value: unknown, pointers: unknown, files: HostFile[]): HostOutput {
  const given = Array.isArray(pointers) ? pointers.map(String) : [];
  const own = files.splice(0, given.length);
  return {
    value,
    files: new Map(given.flatMap((pointer, at) => (own[at] === undefined ? [] : [[pointer, own[at]]]))),
  };
}

/** The runner closes a file when its event was taken; the value that names it comes later. */
async function keep(name: string, file: ProducedFile): Promise<HostFile> {
  const bytes = await buffer(Readable.from(file.bytes()));
  return {
    name,
    size: bytes.byteLength,
    bytes: async function* () {
      yield bytes;
    },
    close: async () => undefined,
  };
}

/** A crash is told with its cause; what a bundle's own code threw is in its answer. */
function reasonOf(error: unknown): string {
  const cause = error instanceof PlatformError ? error.cause : error;
  if (cause instanceof HostFailure) return `the process of the predictor is gone: ${cause.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** A name for a version that no registry knows. */
export function aloneVersion(dir: string, entry: string): BundleVersion {
  return { bundleId: 'predictor', versionId: `predictor__alone__${randomUUID()}`, dir, entry };
}
