import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Deadline, Scope } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { listen } from '@switchyard/http';
import { createRunner } from '@switchyard/runner';
import type { RunnerConfig } from '@switchyard/runner';
import { createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { createOutbound } from './files/outbound.ts';
import type { Outbound } from './files/outbound.ts';
import { DEFAULT_PREDICT_CONFIG } from './predict-config.ts';
import type { PredictConfig } from './predict-config.ts';
import { Predictions } from './predictions.ts';
import { createStatusListener } from './python/status-listener.ts';
import type { OpenPredictorParts } from './open-predictor.ts';
import { makeMessageId } from './webhooks/message-id.ts';
import { createWebhookSender } from './webhooks/webhook-sender.ts';

export interface PredictServerOptions {
  readonly port: number;
  readonly host: string;
  /** What a running prediction is given when the server shuts down. */
  readonly graceMs: number;
  readonly config?: Partial<PredictConfig>;
  readonly runner?: Partial<RunnerConfig>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  random(): number;
  randomBytes(size: number): Uint8Array;
}

export interface PredictServer {
  readonly url: string;
  /** Resolves when the server is shut down, by whomever. */
  readonly closed: Promise<void>;
  /** Takes nothing new, lets predictions end for `graceMs`, delivers, ends all processes. Calling it again waits for the first. */
  close(graceMs?: number): Promise<void>;
}

/** What both kinds of server are built of; closed in reverse by `scope`. */
export interface PredictBase {
  readonly scope: Scope;
  readonly config: PredictConfig;
  readonly predictions: Predictions;
  readonly opening: OpenPredictorParts;
  readonly outbound: Outbound;
}

export async function openPredictBase(options: PredictServerOptions): Promise<PredictBase> {
  const { clock, log, env } = options;
  const config: PredictConfig = { ...DEFAULT_PREDICT_CONFIG, ...options.config };
  const scope = new Scope();
  // Wall time that does not jump within a prediction, with the fraction that microseconds need.
  const startedAt = clock.now() - clock.monotonic();
  const now = () => startedAt + clock.monotonic();
  const folder = await scope.use(mkdtemp(path.join(tmpdir(), 'switchyard-predict-')), (dir) =>
    config.keepFiles ? undefined : rm(dir, { recursive: true, force: true }),
  );
  const status = await scope.use(createStatusListener(), (listener) => listener.close());
  const runner = createRunner({
    clock,
    log,
    metrics: createMetrics({ service: 'predict' }),
    config: {
      ...config,
      startMs: config.setupMs,
      cancelGraceMs: config.cancelMs,
      hostConcurrency: config.maxConcurrency,
      // A predictor may compute for as long as a prediction may take without a sign of life; a cancel that it does not hear ends it.
      blockedMs: config.predictMs + config.setupMs,
      // No lease is lost when this server stands still for a while; when it is gone, the closed channel ends the host.
      selfFenceMs: config.predictMs + config.setupMs,
      ...(config.memoryMb === undefined ? {} : { memoryMb: config.memoryMb }),
      ...options.runner,
    },
  });
  await scope.use(runner.start(), () => runner.stop(Deadline.in(config.stopMs, clock)));
  const outbound = await scope.use(createOutbound(config.privateHosts), (opened) => opened.close());
  const webhooks = createWebhookSender({
    outbound,
    config,
    log,
    now,
    random: () => options.random(),
    makeId: () => makeMessageId((size) => options.randomBytes(size)),
  });
  const predictions = new Predictions({
    config,
    outbound,
    webhooks,
    folder,
    now,
    monotonic: () => clock.monotonic(),
    randomBytes: (size) => options.randomBytes(size),
  });
  return {
    scope,
    config,
    predictions,
    outbound,
    opening: { config, runner, status, folder, env, clock, log, now },
  };
}

/** Listens, and shuts down in order: nothing new, predictions, webhooks, hosts, the port. */
export async function serveApp(
  { scope, predictions, config }: PredictBase,
  app: Parameters<typeof listen>[0],
  options: PredictServerOptions,
  stopHosts: (deadline: Deadline) => Promise<void>,
): Promise<PredictServer> {
  const listening = await listen(app, { port: options.port, host: options.host });
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>();
  // Whoever closes hears of it; a server that nobody watches must not end its process by it.
  closed.catch(() => undefined);
  let isClosing = false;
  const shut = async (graceMs: number) => {
    await predictions.drain(graceMs);
    await stopHosts(Deadline.in(config.stopMs, options.clock));
    await listening.close(config.stopMs);
    await scope.close();
  };
  return {
    url: `http://${options.host}:${listening.port}`,
    closed,
    close(graceMs = options.graceMs) {
      if (!isClosing) {
        isClosing = true;
        shut(graceMs).then(resolve, reject);
      }
      return closed;
    },
  };
}
