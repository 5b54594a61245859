import type { Route } from '@switchyard/http';
import type { Metrics } from '@switchyard/telemetry';
import { roleNames } from '@switchyard/protocol';
import { createSignOutNotice } from '@switchyard/relay';
import { createAnswerConversationStatus } from './answer-conversation-status.ts';
import type { IngressParts } from './build-parts.ts';
import type { IngressConfig } from './env.ts';
import { createDeleteConversation } from './conversations/delete-conversation.ts';
import { createReadConversation } from './conversations/read-conversation.ts';
import { createIdentifyRequest } from './identify-request.ts';
import { createAuthRoutes } from './routes/auth-routes.ts';
import { createChatRoutes } from './routes/chat-routes.ts';
import { createAdminGuard } from './admin/admin-guard.ts';
import { createAdminRoutes } from './admin/admin-routes.ts';
import { SseOutlet, createAudited } from '@switchyard/http';
import { createConversationRoutes } from './routes/conversation-routes.ts';
import { createFileRoutes } from './routes/file-routes.ts';
import { createProfileRoutes } from './routes/profile-routes.ts';
import { createSignInRoutes } from './routes/sign-in-routes.ts';
import { createStreamRoutes } from './routes/stream-routes.ts';
import type { SocketServerParts } from './sockets/create-socket-server.ts';
import { createSubmitFromSocket } from './sockets/submit-from-socket.ts';
import { createExpiryWatch } from './streams/expiry-watch.ts';
import { createStreamOneMessage } from './streams/stream-one-message.ts';
import { announceRefusal } from './submit/announce-refusal.ts';
import { createBundleDirectory } from './submit/bundle-directory.ts';
import { createConversationBundles } from './submit/conversation-bundles.ts';
import { createMessageReader } from './submit/read-message.ts';
import { createSubmitMessage } from './submit/submit-message.ts';

/** What clients reach: the route table and the parts of the socket server. Opens nothing. */
export function buildSurface(parts: IngressParts): { routes: Route[]; socketParts: SocketServerParts } {
  const { config, scope, clock, identity, relay, streams } = parts;
  const identify = createIdentifyRequest(identity, config);
  const tellSignedOut = createSignOutNotice({ relay, scope, clock });
  const answerStatus = createAnswerConversationStatus(parts);
  const delivered = messageParts(parts.metrics);
  const streamParts = {
    streams,
    expiry: createExpiryWatch(clock),
    outlet: new SseOutlet(),
    log: parts.log,
    scope,
    clock,
    relay,
    streamBuffer: config.streamBuffer,
    drainLimitMs: config.streamDrainLimit,
    onDelivered: (ms: number) => delivered.observeMs(ms, { part: 'delivery' }),
  };
  const submitting = buildSubmitting(parts);
  const routes = [
    ...createProfileRoutes(identify, config),
    ...createAuthRoutes({ ...parts, identify, tellSignedOut, afterLink: afterLinkOf(config) }),
    ...createSignInRoutes({ identify, identity, tellSignedOut }),
    ...createStreamRoutes({ ...streamParts, identify, answerStatus, ids: parts.ids }),
    ...createChatRoutes({
      ...parts,
      ...submitting,
      identify,
      readMessage: createMessageReader(config, parts.budget),
      streamOneMessage: createStreamOneMessage({ ...streamParts, history: parts.history }),
    }),
    ...createConversationRoutes({
      ...parts,
      identify,
      answerStatus,
      readConversation: createReadConversation(parts),
      deleteConversation: createDeleteConversation(parts),
    }),
    ...createFileRoutes({ ...parts, identify }),
    ...createAdminRoutes({
      ...parts,
      tellSignedOut,
      guard: createAdminGuard(identify, roleNames(config.rolePrefix), scope),
      audited: createAudited(parts.auditLog, parts.log),
    }),
  ];
  const { ids } = parts;
  const submit = createSubmitFromSocket({
    ...submitting,
    limits: config,
    streams,
    ids,
    clock,
    trustForwarded: config.trustForwarded,
  });
  const socketParts = {
    ...streamParts,
    identity,
    answerStatus,
    submit,
    origins: config,
    maxMessageBytes: config.maxMessageBytes,
  };
  return { routes, socketParts };
}

/** The steps of the walk that HTTP and sockets share. */
function buildSubmitting({
  admission,
  relay,
  scope,
  clock,
  bundles,
  conversations,
  turns,
  blobs,
  files,
  config,
  metrics,
}: IngressParts) {
  const parts = messageParts(metrics);
  return {
    admitted: admission.admitted,
    announceRefusal: announceRefusal.bind(undefined, { relay, scope, clock }),
    submit: createSubmitMessage({
      bundles: createBundleDirectory(bundles, clock),
      conversationBundles: createConversationBundles(conversations),
      turns,
      stores: { blobs, files },
      limits: config,
      onAccepted: (ms) => parts.observeMs(ms, { part: 'ingress' }),
    }),
  };
}

/** The same parts as in `Server-Timing` and `extra.timing`; chat-proc has the others. */
function messageParts(metrics: Metrics) {
  return metrics.timer('switchyard_message_part_seconds', 'Where the time of a message went.', ['part']);
}

/** With proxylogin the page that knows whether a password is still to be chosen. */
const afterLinkOf = ({ signInPath }: IngressConfig): string => (signInPath === '' ? '/' : '/auth/welcome');
