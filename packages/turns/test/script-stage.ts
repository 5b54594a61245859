import type { ChatTaskPayload } from '@switchyard/protocol';
import { messageFields, newMessageFields, nowFields } from '../src/message-fields.ts';
import { decideTelling } from '../src/terminal-event.ts';
import type { TurnEnd } from '../src/terminal-event.ts';
import type { Stage } from './stage.ts';
import { payloadOf } from './fixtures.ts';

export const LEASE_MS = 60_000;
const NOW = nowFields(Date.UTC(2026, 0, 5, 10));

/** The scripts with the arguments that do not matter filled in. */
export function createScriptStage({ scripts, keys, redis }: Stage) {
  let counter = 0;
  const messages = new Map<string, ChatTaskPayload>();
  const message = (turn: string): ChatTaskPayload => messages.get(turn) ?? payloadOf(turn);
  const fenceOf = async (turn: string) => (await redis.driver.get(keys.lease(`task-${turn}`))) ?? '';
  return {
    keys,
    redis,
    fenceOf,
    enqueue: (
      turn: string,
      over: Partial<ChatTaskPayload> = {},
      limits: Partial<{
        threshold: number;
        user_limit: number;
        mailbox_limit: number;
        running_limit: number;
      }> = {},
    ) => {
      const payload = payloadOf(turn, over);
      messages.set(turn, payload);
      return scripts.enqueue({
        ...newMessageFields(keys, { ...payload, conversation_created: turn === 'T1' }),
        ...NOW,
        message: keys.hash(payload.message_id),
        target_turn_id: payload.target_turn_id ?? '',
        threshold: 0.85,
        queue_factor: 3,
        user_limit: 20,
        mailbox_limit: 50,
        running_limit: 8,
        ...limits,
      });
    },
    requeue: (turn: string, fence = '', runningLimit = 8) =>
      scripts.requeue({
        ...newMessageFields(keys, { ...message(turn), conversation_created: false }),
        ...NOW,
        running_limit: runningLimit,
        fence,
        side: 'RPUSH',
      }),
    claim: async (wanted = 1, leaseMs = LEASE_MS) => {
      counter += 10;
      const cycle = ['privileged', 'paid', 'registered', 'anonymous'];
      return scripts.claim({ worker_id: 'w.x', counter, lease_ms: leaseMs, wanted, position: 0, cycle });
    },
    start: async (turn: string, fence?: string) =>
      (
        await scripts.start({
          task_id: `task-${turn}`,
          fence: fence ?? (await fenceOf(turn)),
          turn_id: turn,
          conversation_id: message(turn).conversation_id,
          session_id: 's1',
          stream_id: 'stream-1',
          marker_ms: 60_000,
          events: ['chat_start', '{"type":"chat.start"}'],
        })
      ).code,
    emit: async (
      turn: string,
      events: readonly (string | number)[],
      over: Partial<{ fence: string; snapshot_mode: 'set' | 'append'; snapshot_text: string }> = {},
    ) =>
      (
        await scripts.emit({
          task_id: `task-${turn}`,
          fence: await fenceOf(turn),
          turn_id: turn,
          conversation_id: 'c1',
          session_id: 's1',
          snapshot_mode: 'none',
          snapshot_text: '',
          snapshot_ms: 60_000,
          events,
          ...over,
        })
      ).code,
    finish: async (
      turn: string,
      end: Partial<TurnEnd> | undefined = { status: 'completed' },
      fence?: string,
      folded: readonly string[] = [],
      closings = '',
    ) => {
      const payload = message(turn);
      const whole = { status: 'completed' as const, folded_into: null, answer: null, error: null, ...end };
      return scripts.finish({
        ...messageFields(keys, payload),
        ...NOW,
        ...decideTelling(payload, whole, NOW.now_ms),
        closings,
        fence: fence ?? (await fenceOf(turn)),
        message: keys.hash(payload.message_id),
        is_rebuild: '0',
        folded,
      });
    },
    cancel: (turn: string) =>
      scripts.cancel({
        ...messageFields(keys, message(turn)),
        ...NOW,
        data: '{"type":"chat.error","data":{"error_type":"cancelled"}}',
        folded: [],
      }),
    take: async (turn: string, item: string) => {
      const fields = messageFields(keys, message(item));
      const { code } = await scripts.take({
        task_id: `task-${turn}`,
        fence: await fenceOf(turn),
        conversation_id: 'c1',
        item_id: fields.task_id,
        item_turn_id: item,
        session_id: fields.session_id,
        stream_id: fields.stream_id,
        user: fields.user,
        event: 'chat_service',
        data: '{"type":"event.continuation.consumed"}',
      });
      return code;
    },
    /** Sorted names of what is left of the work, without ids: nothing after the last turn. */
    leftovers: async () => {
      const found = await redis.driver.keys(`${keys.prefix}:*`);
      const names = found.map((key) => keys.nameOf(key));
      return names
        .filter(
          (name) =>
            !['epoch', 'seen', 'told', 'events', 'conversation', 'workers', 'worker'].includes(name ?? ''),
        )
        .map(String)
        .toSorted((a, b) => a.localeCompare(b));
    },
  };
}
