import { createHttpApp, createMetricsApp, listen, openServerCertificate } from '@switchyard/http';
import type { Listening } from '@switchyard/http';
import { armFailpoints, openScoped } from '@switchyard/kernel';
import type { Deadline, HealthReport, Scope } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import { CLOSE_RESERVE_MS, buildParts } from './build-parts.ts';
import { buildSurface } from './build-surface.ts';
import type { IngressConfig } from './env.ts';
import { openResources } from './open-resources.ts';
import { createSocketServer } from './sockets/create-socket-server.ts';

export interface RunningIngress {
  readonly port: number;
  stop(deadline: Deadline): Promise<void>;
  /** What is open, for tests of clean ends. */
  readonly open: {
    streams: () => number;
    followers: () => number;
    channels: () => number;
    uploadBytes: () => number;
    /** Events that wait for slow readers. */
    heldBytes: () => number;
    /** Reads of event logs that were under way at once, at most. */
    peakReads: () => number;
  };
}

/** Builds the service from its settings and listens. What was opened is closed again when anything of it fails. */
export async function startIngress(config: IngressConfig): Promise<RunningIngress> {
  const { value, scope } = await openScoped((opening) => buildIngress(config, opening));
  const { listening, streams, closeSockets, open } = value;
  const stop = async (deadline: Deadline) => {
    // Readiness turns to 503 and nothing new enters; streams are told, spread; then what is under way may end.
    streams.beginDrain();
    await streams.shutDownAll(config.shutdownSpread, deadline);
    closeSockets();
    await listening.close(Math.max(0, deadline.remainingMs() - CLOSE_RESERVE_MS));
    await scope.close();
  };
  return { port: listening.port, stop, open };
}

/** Opens, builds, listens; each opening registers its closer. */
async function buildIngress(config: IngressConfig, scope: Scope) {
  armFailpoints(config.failpoints, config.nodeEnv);
  const resources = await openResources(config, scope);
  const { log, metrics, clock, ids, redis, subscriber, store } = resources;
  const parts = await buildParts(config, resources, scope);
  // What the process itself listens to, as long as it lives.
  const ownChannels = subscriber.channelCount;
  const { routes, socketParts } = buildSurface(parts);
  const { streams, relay, budget } = parts;
  const health = async (): Promise<HealthReport> => {
    const isStoreUp = await store.ping().then(
      () => true,
      () => false,
    );
    return {
      ok: isStoreUp && redis.isReady(),
      detail: { postgres: isStoreUp, redis: redis.isReady(), streams: streams.count },
    };
  };
  const app = createHttpApp({
    name: 'chat-ingress',
    log,
    metrics,
    clock,
    timingPart: 'ingress',
    makeRequestId: () => ids.request(),
    translateError: toRedisError,
    health: { report: health, isDraining: () => streams.isDraining },
    bodyLimit: config.maxEventsBytes,
    routes,
    openapi: { title: 'Switchyard chat ingress', version: '1' },
  });
  if (config.metricsPort !== 0) {
    await scope.use(
      listen(createMetricsApp(metrics), { port: config.metricsPort, host: config.host }),
      (opened) => opened.close(0),
    );
  }
  const certificate = await openServerCertificate({ config, name: 'chat-ingress', scope, log });
  const listening: Listening = await scope.use(
    listen(app, { port: config.port, host: config.host, certificate }),
    (opened) => opened.close(0),
  );
  const sockets = createSocketServer(listening.server, socketParts);
  scope.defer(() => sockets.close());
  const openStreams = metrics.gauge('switchyard_ingress_open_streams', 'Open event streams and sockets.');
  metrics.onScrape(() => openStreams.set(streams.count));
  log.info('listening', { host: config.host, port: listening.port });
  const open = {
    streams: () => streams.count,
    followers: () => relay.followerCount,
    channels: () => subscriber.channelCount - ownChannels,
    uploadBytes: () => budget.usedBytes,
    heldBytes: () => relay.heldBytes,
    peakReads: () => relay.reads.peak,
  };
  return { listening, streams, closeSockets: () => sockets.close(), open };
}
