import { createAdmission } from '@switchyard/admission';
import { createHttpApp, createMetricsApp, listen } from '@switchyard/http';
import type { Listening, Route } from '@switchyard/http';
import { createIdentity } from '@switchyard/identity';
import { Deadline, openScoped } from '@switchyard/kernel';
import type { HealthReport, Scope } from '@switchyard/kernel';
import { createRelay } from '@switchyard/relay';
import { createBundles, createConversations, createFeedback, createFiles, createSearch, createTurnHistory } from '@switchyard/store';
import { createTurns } from '@switchyard/turns';
import { createAnswerConversationStatus } from './answer-conversation-status.ts';
import { createDeleteConversation } from './conversations/delete-conversation.ts';
import { createReadConversation } from './conversations/read-conversation.ts';
import type { IngressConfig } from './env.ts';
import { createBlobSweeper } from './files/blob-sweeper.ts';
import { createIdentifyRequest } from './identify-request.ts';
import { openResources } from './open-resources.ts';
import type { Resources } from './open-resources.ts';
import { createAuthRoutes } from './routes/auth-routes.ts';
import { createChatRoutes } from './routes/chat-routes.ts';
import { createConversationRoutes } from './routes/conversation-routes.ts';
import { createFileRoutes } from './routes/file-routes.ts';
import { createProfileRoutes } from './routes/profile-routes.ts';
import { createStreamRoutes } from './routes/stream-routes.ts';
import { createSocketServer } from './sockets/create-socket-server.ts';
import type { SocketServerParts } from './sockets/create-socket-server.ts';
import { createSubmitFromSocket } from './sockets/submit-from-socket.ts';
import { createOpenStreams } from './streams/open-streams.ts';
import type { OpenStreams } from './streams/open-streams.ts';
import { createStreamOneMessage } from './streams/stream-one-message.ts';
import { announceRefusal } from './submit/announce-refusal.ts';
import { createBundleDirectory } from './submit/bundle-directory.ts';
import { createMessageReader } from './submit/read-message.ts';
import { createSubmitMessage } from './submit/submit-message.ts';
import { createUploadBudget } from './submit/upload-budget.ts';

export interface RunningIngress {
  readonly port: number;
  stop(deadline: Deadline): Promise<void>;
  /** What is open, for tests of clean ends. */
  readonly open: { streams: () => number; followers: () => number; channels: () => number; uploadBytes: () => number };
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

// What of a stop's time is kept for closing connections to the stores.
const CLOSE_RESERVE_MS = 2000;

async function buildIngress(config: IngressConfig, scope: Scope) {
  const resources = await openResources(config, scope);
  const { log, metrics, clock, ids, redis, subscriber, store } = resources;
  const { routes, socketParts, streams, relay, budget } = await buildParts(config, resources, scope);
  const health = async (): Promise<HealthReport> => {
    const isStoreUp = await store.ping().then(() => true, () => false);
    return { ok: isStoreUp && redis.isReady(), detail: { postgres: isStoreUp, redis: redis.isReady(), streams: streams.count } };
  };
  const app = createHttpApp({
    name: 'chat-ingress',
    log,
    metrics,
    clock,
    makeRequestId: () => ids.request(),
    health: { report: health, isDraining: () => streams.isDraining },
    bodyLimit: config.maxEventsBytes,
    routes,
    openapi: { title: 'Switchyard chat ingress', version: '1' },
  });
  if (config.metricsPort !== 0) {
    await scope.use(listen(createMetricsApp(metrics), { port: config.metricsPort, host: config.host }), (opened) => opened.close(0));
  }
  const listening: Listening = await scope.use(listen(app, { port: config.port, host: config.host }), (opened) => opened.close(0));
  const sockets = createSocketServer(listening.server, socketParts);
  scope.defer(() => sockets.close());
  const openStreams = metrics.gauge('switchyard_ingress_open_streams', 'Open event streams and sockets.');
  metrics.onScrape(() => openStreams.set(streams.count));
  log.info('listening', { host: config.host, port: listening.port });
  const open = { streams: () => streams.count, followers: () => relay.followerCount, channels: () => subscriber.channelCount, uploadBytes: () => budget.usedBytes };
  return { listening, streams, closeSockets: () => sockets.close(), open };
}

async function buildParts(config: IngressConfig, resources: Resources, closing: Scope) {
  const { log, metrics, clock, ids, keys, redis, subscriber, store, blobs } = resources;
  const { sql } = store;
  const scope = { tenant: config.tenant, project: config.project };
  const identity = createIdentity({ sql, redis, keys, clock, ids, config });
  await identity.check();
  const admission = createAdmission({ redis, keys, config });
  const turns = createTurns({ redis, sql, keys, scope, config, clock, ids, log, metrics });
  const relay = await closing.use(createRelay({ redis, subscriber, keys, clock, metrics }), (opened) => opened.close());
  const [conversations, history, files] = [createConversations(sql, scope), createTurnHistory(sql, scope), createFiles(sql, scope)];
  const streams: OpenStreams = createOpenStreams(config.maxStreamsPerSession);
  const budget = createUploadBudget(config.uploadBudget);

  const identify = createIdentifyRequest(identity);
  const admit = (...caller: Parameters<typeof admission.admit>) => admission.admit(...caller);
  const announce = announceRefusal.bind(undefined, { relay, scope, clock });
  const submit = createSubmitMessage({ bundles: createBundleDirectory(createBundles(sql, scope), clock), conversations, turns, stores: { blobs, files }, limits: config });
  const answerStatus = createAnswerConversationStatus({ conversations, turns, relay, scope, clock });
  const streamParts = { streams, scope, clock, relay, streamBuffer: config.streamBuffer };

  const routes: Route[] = [
    ...createProfileRoutes(identify, config),
    ...createAuthRoutes({ identify, identity, relay, scope, clock }),
    ...createStreamRoutes({ ...streamParts, identify, answerStatus, ids }),
    ...createChatRoutes({
      identify,
      admit,
      readMessage: createMessageReader(config, budget),
      submit,
      streamOneMessage: createStreamOneMessage({ ...streamParts, history }),
      announceRefusal: announce,
      conversations,
      turns,
      streams,
      ids,
    }),
    ...createConversationRoutes({
      identify,
      scope,
      conversations,
      readConversation: createReadConversation({ conversations, history, relay }),
      answerStatus,
      deleteConversation: createDeleteConversation({ conversations, turns, relay, scope, clock }),
      feedback: createFeedback(sql, scope),
      search: createSearch(sql, scope, conversations),
    }),
    ...createFileRoutes({ identify, scope, files, blobs }),
  ];
  const socketParts: SocketServerParts = {
    ...streamParts,
    identity,
    answerStatus,
    submit: createSubmitFromSocket({ admit, submit, announceRefusal: announce, limits: config, streams, ids, trustForwarded: config.trustForwarded }),
    origins: config,
    maxMessageBytes: config.maxMessageBytes,
  };
  const sweeper = createBlobSweeper({ sql, files, blobs, conversations, now: () => clock.now(), log, lockName: `switchyard:blobs:${scope.tenant}:${scope.project}` });
  await sweeper.start();
  closing.defer(() => sweeper.stop(Deadline.in(CLOSE_RESERVE_MS)));
  return { routes, socketParts, streams, relay, budget };
}
