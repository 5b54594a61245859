import { PlatformError, failpoint, hashHex, sleep } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import { isId, isStreamId } from '@switchyard/protocol';
import type { ChatTaskPayload, TenantProject } from '@switchyard/protocol';
import type { Keys } from '@switchyard/redis';
import { buildAck, positionBefore } from './build-ack.ts';
import type { CapacityLimits } from './capacity-policy.ts';
import { runningLimitOf, thresholdOf, toRefusal, userLimitOf } from './capacity-policy.ts';
import { newMessageFields, nowFields } from './message-fields.ts';
import { createRefusal } from './refusal.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { InsertedTurn } from './sql/insert-turns.ts';
import { taskIdOfTurn } from './task-id.ts';
import type { TurnRows } from './turn-rows.ts';
import type { EnqueueReply } from './script-replies.ts';
import type { TurnScripts } from './turn-scripts.ts';
import type { TurnsConfig } from './turns-config.ts';
import type { AcceptRequest, AcceptResult, StoredTask } from './turn-types.ts';

export interface AcceptOptions {
  readonly rows: TurnRows;
  readonly scripts: TurnScripts;
  readonly keys: Keys;
  readonly scope: TenantProject;
  readonly config: TurnsConfig;
  /** The limits of this moment; without it those of `config`. */
  readonly capacity?: (() => CapacityLimits) | undefined;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** How often a refusal is looked at again because a retry of the same message came in between. */
const MAX_ROUNDS = 3;
const EPOCH_POLL_MS = 50;

/**
 * Row, enqueue, ack, in this order (02, step 1). A retry meets the first row and its ids; a refused message leaves no row, except
 * where a retry has meanwhile been accepted: then that is the answer.
 */
export function createAccept(options: AcceptOptions) {
  const { rows, scripts, keys, config, clock, capacity = () => config } = options;

  const enqueue = async (row: InsertedTurn): Promise<EnqueueReply> => {
    const { request } = row;
    const userType = request.user.user_type;
    const args = {
      ...newMessageFields(keys, request),
      ...nowFields(clock.now()),
      message: keys.hash(request.message_id),
      target_turn_id: request.target_turn_id ?? '',
      threshold: thresholdOf(capacity(), userType),
      queue_factor: config.queueFactor,
      user_limit: userLimitOf(capacity(), userType),
      mailbox_limit: config.mailboxSize,
      running_limit: runningLimitOf(config, userType),
    };
    const giveUpAt = clock.monotonic() + config.storeWait;
    for (;;) {
      const reply = await scripts.enqueue(args, config.storeWait);
      if (reply.code !== ScriptResult.Epoch || clock.monotonic() >= giveUpAt) return reply;
      await sleep(EPOCH_POLL_MS);
    }
  };

  /** To the letter, from Redis; undefined when it has forgotten it. */
  const firstAck = async (row: InsertedTurn): Promise<AcceptResult['ack'] | undefined> => {
    const args = { user: keys.hash(row.user_id), message: keys.hash(row.message_id) };
    const giveUpAt = clock.monotonic() + config.storeWait;
    for (;;) {
      const reply = await scripts.readAck(args, config.storeWait);
      if (reply.code !== ScriptResult.Epoch) return ackOfReply(row, reply);
      if (clock.monotonic() >= giveUpAt) throw toTurnError(reply.code, 'read-ack');
      await sleep(EPOCH_POLL_MS);
    }
  };

  const isRefused = createRefusal(options);

  return async (request: AcceptRequest): Promise<AcceptResult> => {
    let payload = buildPayload(options, request);
    for (let round = 1; ; round++) {
      const row = await rows.insert(payload);
      if (row === undefined) throw PlatformError.of('NOT_FOUND', 'There is no such conversation.');
      failpoint('turns.accept.after-row');
      if (row.is_new && row.status !== 'queued') return { ack: ackOfEnded(row), isRepeat: false };
      if (row.status !== 'queued') return { ack: (await firstAck(row)) ?? ackOfEnded(row), isRepeat: true };
      const reply = await enqueue(row).catch((error: unknown) => {
        if (!isStoreFull(error)) throw error;
        return error;
      });
      if (reply instanceof PlatformError) {
        // Redis did not run the script, so this is a refusal and no "unknown": without the row nobody queues the message later.
        if ((await isRefused(row)) || round === MAX_ROUNDS) throw reply;
        continue;
      }
      failpoint('turns.accept.after-script');
      if (reply.code === ScriptResult.Refused && round < MAX_ROUNDS) {
        // A twin was refused while this attempt was on its way: its row goes, and the message is tried under ids of its own.
        await rows.deleteQueued(row.turn_id, row.version);
        payload = buildPayload(options, request);
        continue;
      }
      const ack = ackOfReply(row, reply);
      if (ack !== undefined) {
        const isRepeat = reply.code === ScriptResult.Repeated || reply.code === ScriptResult.Known;
        const isNoted =
          reply.code === ScriptResult.NoActiveTurn || reply.code === ScriptResult.TargetMismatch;
        // Not deleted: a retry of it was accepted meanwhile, and its ack is the answer.
        if (isNoted && !(await isRefused(row)) && round < MAX_ROUNDS) continue;
        return { ack, isRepeat };
      }
      // A rebuild refuses nothing: an earlier attempt may have been acked, and its row is what the rebuild works from.
      const isOpen = reply.code === ScriptResult.Epoch && !row.is_new;
      if (isOpen || (await isRefused(row)) || round === MAX_ROUNDS) throw refusalOf(row.request, reply);
    }
  };
}

/** Out of memory or disk, or too few replicas: nothing was done. */
function isStoreFull(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.details?.['reason'] === 'store_full';
}

function buildPayload(options: AcceptOptions, request: AcceptRequest): ChatTaskPayload {
  const { ids, clock, scope } = options;
  const { identity } = request;
  const named = [identity.sessionId, request.conversationId, request.targetTurnId];
  const hasBadName = named.some((id) => id !== undefined && !isId(id));
  // Scripts build keys from the ids; they check nothing.
  if (hasBadName || (request.streamId && !isStreamId(request.streamId)))
    throw PlatformError.of('INVALID_REQUEST', 'an id is not valid');
  const messageId = request.messageId ?? ids.token(16);
  const turnId = ids.turn();
  return {
    v: 1,
    task_id: taskIdOfTurn(turnId),
    turn_id: turnId,
    message_id: messageId,
    conversation_id: request.conversationId ?? newConversationId(request, ids),
    session_id: identity.sessionId,
    stream_id: request.streamId ?? '',
    bundle_id: request.bundleId,
    kind: request.kind,
    target_turn_id: request.targetTurnId ?? null,
    request_id: request.requestId,
    tenant: scope.tenant,
    project: scope.project,
    user: {
      user_id: identity.userId,
      ...(identity.username === undefined ? {} : { username: identity.username }),
      user_type: identity.userType,
      roles: [...identity.roles],
      ...(request.timezone === undefined ? {} : { timezone: request.timezone }),
    },
    message: request.text,
    events: [...request.submission.external_events],
    attachments: [...request.attachments],
    accepted_at: clock.now(),
    ...(request.ingressMs === undefined ? {} : { ingress_ms: request.ingressMs }),
  };
}

/** A retry that names no conversation must find the one that the first submission opened, not open another beside it. */
function newConversationId(request: AcceptRequest, ids: Ids): string {
  if (request.messageId === undefined) return ids.conversation();
  return `c-${hashHex(`${request.identity.userId}\n${request.messageId}`).slice(0, 20)}`;
}

function ackOfReply(row: InsertedTurn, reply: EnqueueReply) {
  const [first = '', second = ''] = reply.words;
  switch (reply.code) {
    case ScriptResult.Ok:
      return buildAck(row, 'processing_started', '', positionBefore(first));
    case ScriptResult.Waiting:
      return buildAck(row, 'external_event_accepted', second, positionBefore(first));
    case ScriptResult.Repeated: {
      const [code, active = '', logId = ''] = first.split('|');
      const status = code === String(ScriptResult.Ok) ? 'processing_started' : 'external_event_accepted';
      return buildAck(row, status, active, positionBefore(logId));
    }
    case ScriptResult.Known: {
      const isWaiting = first !== '' && first !== row.turn_id;
      return buildAck(row, isWaiting ? 'external_event_accepted' : 'processing_started', first, '0-0');
    }
    case ScriptResult.NoActiveTurn:
      return buildAck(row, 'active_turn_control_no_active_turn', '', '0-0');
    case ScriptResult.TargetMismatch:
      return buildAck(row, 'active_turn_control_target_mismatch', first, '0-0');
    default:
      return undefined;
  }
}

/** The row is past queued and Redis remembers no ack: its message was accepted, whatever became of it. */
function ackOfEnded(row: InsertedTurn) {
  if (row.request.kind === 'recorded') return buildAck(row, 'external_event_recorded', '', '0-0');
  if (row.folded_into !== null) return buildAck(row, 'external_event_accepted', row.folded_into, '0-0');
  return buildAck(row, 'processing_started', '', '0-0');
}

function refusalOf(request: StoredTask, reply: EnqueueReply): PlatformError {
  if (reply.code === ScriptResult.Epoch) return toTurnError(reply.code, 'enqueue');
  return toRefusal(
    reply.code,
    request.user.user_type,
    Number(reply.words[0] ?? 0),
    Number(reply.words[1] ?? 0),
  );
}
