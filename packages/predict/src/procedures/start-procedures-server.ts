import { Deadline } from '@switchyard/kernel';
import { createPredictApp } from '../http/create-predict-app.ts';
import { proceduresOpenApi } from '../http/prediction-openapi.ts';
import { isoTime } from '../iso-time.ts';
import { openPredictBase, serveApp } from '../predict-server.ts';
import type { PredictServer, PredictServerOptions } from '../predict-server.ts';
import type { PredictorSource } from '../predictor-source.ts';
import { PREDICT_VERSION } from '../start-standard-server.ts';
import { HostPool } from './host-pool.ts';
import { createProcedureSources } from './procedure-sources.ts';
import { readProcedure } from './procedure-url.ts';
import { startProcedureHost } from './start-procedure-host.ts';

/** Serves predictors that requests name by their source (06 §1): `/procedures`. Resolves when it listens. */
export async function startProceduresServer(options: PredictServerOptions): Promise<PredictServer> {
  const base = await openPredictBase(options);
  try {
    const { predictions, config, opening, outbound } = base;
    const { folder, clock } = opening;
    const sources = createProcedureSources({ ...config, folder, outbound });
    const pool = new HostPool({
      start: (url, sink) => startProcedureHost(url, sink, { sources, opening }),
      maxHosts: config.maxRunners,
      isOneShot: config.isOneShot,
      waitMs: config.waitMs,
      stopMs: config.stopMs,
      maxLogCharacters: config.maxLogCharacters,
      monotonic: () => clock.monotonic(),
      deadline: (ms) => Deadline.in(ms, clock),
    });
    const since = isoTime(opening.now());
    const setup = { started_at: since, completed_at: since, status: 'succeeded', logs: '' } as const;
    let shutDown = () => undefined as unknown;
    const app = createPredictApp({
      path: '/procedures',
      version: PREDICT_VERSION,
      predictions,
      config,
      log: options.log,
      sourceOf: (request) => {
        const { url, token } = readProcedure(request, config.allowsFolders);
        return sourceIn(pool, url, [token]);
      },
      health: async () => ({
        status: predictions.isFull || pool.isFull ? 'BUSY' : 'READY',
        setup,
        concurrency: { max: predictions.places, current: predictions.running },
        version: PREDICT_VERSION,
      }),
      openapi: () => proceduresOpenApi(PREDICT_VERSION),
      shutDown: () => void shutDown(),
    });
    const server = await serveApp(base, app, options, (deadline) => pool.stop(deadline));
    shutDown = () => server.close();
    return server;
  } catch (error) {
    await base.scope.close();
    throw error;
  }
}

function sourceIn(pool: HostPool, url: string, secrets: readonly string[]): PredictorSource {
  return {
    secrets,
    get schemas() {
      return pool.schemasOf(url);
    },
    claim: (mayWait) => pool.claim(url, mayWait),
  };
}
