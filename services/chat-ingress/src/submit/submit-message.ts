import { PlatformError, failpoint } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import type { AcceptRequest, AcceptResult, Turns } from '@switchyard/turns';
import { matchFiles } from './match-files.ts';
import type { RawFile } from './match-files.ts';
import type { BundleDirectory } from './bundle-directory.ts';
import type { ConversationBundles } from './conversation-bundles.ts';
import { keepFiles } from './keep-files.ts';
import type { IncomingMessage } from './normalise-submission.ts';
import { storeAttachments } from './store-attachments.ts';
import type { AttachmentLimits, AttachmentStores } from './store-attachments.ts';

/** What a request says beside its message. */
export interface SubmitContext {
  requestId: string;
  /** Where its events go; absent: to every stream of the session. */
  streamId?: string;
  idempotencyKey?: string;
  timezone?: string;
  /** Milliseconds since the message came in. */
  elapsedMs: () => number;
}

export interface SubmitParts {
  bundles: BundleDirectory;
  conversationBundles: ConversationBundles;
  turns: Pick<Turns, 'accept'>;
  stores: AttachmentStores;
  limits: AttachmentLimits;
  /** What ingress spent on a message before it became a row. */
  onAccepted: (ms: number) => void;
}

export type SubmitMessage = (
  caller: Caller,
  message: IncomingMessage,
  files: readonly RawFile[],
  context: SubmitContext,
) => Promise<AcceptResult>;

/**
 * The last half of the walk (01 §2): accept -> record -> enqueue -> ack. Identify and admit came before, so that nobody's body
 * is read in vain. Resolves only when the message is a row and on a lane or in a mailbox.
 */
export function createSubmitMessage(parts: SubmitParts): SubmitMessage {
  const { turns } = parts;
  return async (caller, message, files, context) => {
    const request = await accept(parts, caller, message, files, context);
    // Record and enqueue are one call: their order is the heart's (02, Accept).
    if (request.ingressMs !== undefined) parts.onAccepted(request.ingressMs);
    const result = await turns.accept(request);
    failpoint('ingress.submit.after-accept');
    await keepFiles(parts.stores.files, caller.userId, result.ack, request.attachments);
    return result;
  };
}

/** Checks the bundle, looks into the files and stores them; only then may the message be queued. */
async function accept(
  parts: SubmitParts,
  caller: Caller,
  message: IncomingMessage,
  files: readonly RawFile[],
  context: SubmitContext,
): Promise<AcceptRequest> {
  const bundleId = await resolveBundle(parts, caller, message);
  const attachments = await storeAttachments(matchFiles(message.events, files), parts.limits, parts.stores);
  const { userId, username, userType, sessionId, roles } = caller;
  return {
    identity: { userId, username, userType, sessionId, roles },
    conversationId: message.conversationId,
    bundleId,
    kind: message.kind,
    messageId: context.idempotencyKey ?? message.messageId,
    text: message.text,
    submission: {
      external_events: message.events,
      conversation_id: message.conversationId,
      bundle_id: bundleId,
      target_turn_id: message.targetTurnId,
    },
    attachments,
    streamId: context.streamId,
    targetTurnId: message.targetTurnId,
    requestId: context.requestId,
    timezone: context.timezone,
    ingressMs: Math.round(context.elapsedMs() * 10) / 10,
  };
}

/** A conversation is of one bundle (01 §5): what it began with answers it. */
async function resolveBundle(
  { bundles, conversationBundles }: SubmitParts,
  caller: Caller,
  { conversationId, bundleId }: IncomingMessage,
): Promise<string> {
  const own =
    conversationId === undefined ? undefined : await conversationBundles.of(caller.userId, conversationId);
  if (own !== undefined && bundleId !== undefined && bundleId !== own) {
    throw PlatformError.of(
      'UNPROCESSABLE',
      'bundle_id: this conversation is answered by another application',
      { details: { field: 'bundle_id' } },
    );
  }
  return bundles.resolve(bundleId ?? own);
}
