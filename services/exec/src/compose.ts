import { randomBytes } from 'node:crypto';
import { createHttpApp, createMetricsApp, listen } from '@switchyard/http';
import type { Listening } from '@switchyard/http';
import { createIds, openScoped, systemClock, PlatformError } from '@switchyard/kernel';
import type { Deadline, RunningMain, Scope } from '@switchyard/kernel';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { openBackend } from './backends/open-backend.ts';
import { endRuns } from './end-runs.ts';
import type { ExecConfig } from './env.ts';
import { createRunFigures } from './run-figures.ts';
import { createRunRoutes } from './run-routes.ts';
import { RunSlots } from './run-slots.ts';
import { createTokenCheck } from './service-token.ts';

/** What a program's folder may be as an archive: what it wrote, with heads, and what of it is sparse. */
const TAR_FACTOR = 4;
const HARD_CLOSE_MS = 1000;

async function open(config: ExecConfig, scope: Scope, log: Log) {
  const requireToken = createTokenCheck(config.execToken);
  const clock = systemClock;
  const ids = createIds(clock, randomBytes);
  const metrics = createMetrics({ service: 'exec', withProcessMetrics: true });
  const { backend, whyNone } = await openBackend(config, () => ids.token(9), log);
  const slots = new RunSlots({
    slots: config.execSlots,
    waiting: config.execWaiting,
    waitMs: config.execWait,
  });
  const ending = new AbortController();
  let isDraining = false;
  const app = createHttpApp({
    name: 'exec',
    log,
    metrics,
    clock,
    health: {
      report: () => ({
        ok: true,
        detail: {
          backend: backend?.name ?? 'none',
          languages: backend?.languages ?? [],
          ...(backend === undefined ? { why: whyNone } : {}),
        },
      }),
      isDraining: () => isDraining,
    },
    makeRequestId: () => ids.request(),
    bodyLimit: config.execMaxRequest,
    routes: createRunRoutes({
      requireToken,
      backend,
      whyNone,
      slots,
      limits: {
        maxTimeoutMs: config.execTimeout,
        maxMemoryBytes: config.execMemory,
        maxDiskBytes: config.execDisk,
      },
      bounds: {
        maxOutputBytes: config.execMaxOutput,
        maxFiles: config.execMaxFiles,
        maxBytes: config.execMaxFileBytes,
        maxTarBytes: config.execDisk * TAR_FACTOR,
      },
      maxRequestBytes: config.execMaxRequest,
      ending: ending.signal,
      isDraining: () => isDraining,
      figures: createRunFigures(metrics, slots, clock),
      clock,
      log,
    }),
    openapi: { title: 'Switchyard exec', version: '1' },
  });
  const close = (listening: Listening) => listening.close(HARD_CLOSE_MS);
  if (config.metricsPort > 0)
    await scope.use(
      listen(createMetricsApp(metrics), { port: config.metricsPort, host: config.host }),
      close,
    );
  const listening = await scope.use(listen(app, { port: config.port, host: config.host }), close);
  log.info('listening', {
    host: config.host,
    port: listening.port,
    backend: backend?.name ?? 'none',
    languages: backend?.languages ?? [],
  });
  return {
    listening,
    async drain(deadline: Deadline) {
      isDraining = true;
      slots.refuseAll(PlatformError.of('DRAINING'));
      await endRuns(slots, ending, Math.min(config.execDrain, deadline.remainingMs()));
    },
  };
}

export interface RunningExec extends RunningMain {
  readonly port: number;
}

/** Opens everything in order; what was open is closed when a later part fails. */
export async function start(config: ExecConfig, given?: Log): Promise<RunningExec> {
  const log = given ?? createLog({ service: 'exec', level: config.logLevel });
  const { value, scope } = await openScoped((opening) => open(config, opening, log));
  return {
    port: value.listening.port,
    async stop(deadline: Deadline) {
      await value.drain(deadline);
      await scope.close();
    },
  };
}
