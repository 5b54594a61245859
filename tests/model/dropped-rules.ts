import type { Order } from './reorder.ts';
import type { Patch } from './without-rule.ts';

/** A rule marked M, how to go without it, and where that shows. */
export interface DroppedRule {
  readonly name: string;
  /** Scenarios to search, in this order. */
  readonly scenarios: readonly string[];
  readonly scripts?: readonly Patch[];
  readonly statements?: readonly Patch[];
  readonly order?: Order;
  /** What the checker must say. */
  readonly finds: RegExp;
}

const CONVERSATION_BUSY = "redis.call('HGET', conv, 'state') == 'in_progress'";

export const DROPPED_RULES: readonly DroppedRule[] = [
  {
    name: 'told once',
    scenarios: ['cancelI'],
    scripts: [
      {
        of: 'include/tell.lua',
        from: "if not redis.call('SET', K.told(m.turn_id), event, 'NX', 'PX', TOLD_TTL_MS) then return false end",
        to: "redis.call('SET', K.told(m.turn_id), event, 'PX', TOLD_TTL_MS)",
      },
    ],
    finds: /TOLD-TWICE/,
  },
  {
    name: 'finish only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'finish.lua',
        from: "elseif redis.call('GET', K.lease(task_id)) ~= fence then",
        to: 'elseif false then',
      },
    ],
    finds: /FENCE/,
  },
  {
    name: 'emit only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'emit.lua',
        from: "if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end",
        to: '',
      },
    ],
    finds: /FENCE|EVENT-ORDER/,
  },
  {
    name: 'start only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'start.lua',
        from: "if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end",
        to: '',
      },
    ],
    finds: /FENCE|EVENT-ORDER/,
  },
  {
    name: 'the reaper takes only suspects',
    scenarios: ['plain'],
    scripts: [
      {
        of: 'reap.lua',
        from: 'if not f[1] or left > 0 then',
        to: 'if false then',
      },
    ],
    finds: /SUSPECT|DEAD/,
  },
  {
    name: 'row before enqueue',
    scenarios: ['plain', 'crashW'],
    order: 'enqueueBeforeRow',
    finds: /LOST|ORDER|UNTOLD|AGREE|STUCK/,
  },
  {
    name: 'row before the start script',
    scenarios: ['wipeW'],
    order: 'startBeforeRow',
    finds: /RUN-TWICE|ORDER/,
  },
  {
    name: 'the reaper settles the row first',
    scenarios: ['crashW'],
    order: 'reaperTellsFirst',
    finds: /AGREE|STUCK/,
  },
  {
    name: 'a refused row is deleted only while it is queued',
    scenarios: ['resend'],
    statements: [
      {
        of: 'turns-delete-queued',
        from: "and status = 'queued' and xmin::text = $4",
        to: 'and $4::text is not null',
      },
    ],
    finds: /LOST|REFUSED-RAN/,
  },
  {
    name: 'leading steers are dropped',
    scenarios: ['steer'],
    scripts: [
      {
        of: 'include/close-conversation.lua',
        from: "if f[1] ~= 'message' or not follower then redis.call",
        to: 'if not follower then redis.call',
      },
      { of: 'include/close-conversation.lua', from: "if f[1] == 'message' then\n", to: 'if f[1] then\n' },
    ],
    finds: /STEER/,
  },
  {
    name: 'busy means that the conversation names a turn',
    scenarios: ['late'],
    scripts: [
      {
        of: 'include/place-task.lua',
        from: "if active and active ~= '' then",
        to: `if ${CONVERSATION_BUSY} then`,
      },
      {
        of: 'include/close-conversation.lua',
        from: "redis.call('HSET', conv, 'state', 'in_progress', 'turn_id', follower.turn_id",
        to: "redis.call('HSET', conv, 'state', rest == 'error' and 'error' or 'in_progress', 'turn_id', follower.turn_id",
      },
    ],
    finds: /OVERLAP|EVENT-ORDER|ORDER|STUCK/,
  },
  {
    name: 'exactly one followup, by the turn that the conversation names',
    scenarios: ['stall', 'three'],
    scripts: [
      {
        of: 'include/close-conversation.lua',
        from: "if current ~= m.turn_id and not (is_rebuild and current == '') then return '', {} end",
        to: '',
      },
      {
        of: 'finish.lua',
        from: "elseif redis.call('GET', K.lease(task_id)) ~= fence then",
        to: 'elseif false then',
      },
    ],
    finds: /FENCE|OVERLAP|ORDER|STUCK/,
  },
  {
    name: 'row before take',
    scenarios: ['take'],
    order: 'takeBeforeRow',
    finds: /AGREE|STUCK|RUN-TWICE|UNTOLD/,
  },
  {
    name: 'cancel only while it is queued',
    scenarios: ['cancel'],
    statements: [{ of: 'turns-cancel', from: "and status = 'queued'", to: '' }],
    finds: /AGREE|STUCK/,
  },
  {
    name: 'a row ends only under its fence',
    scenarios: ['stall'],
    statements: [
      {
        of: 'turns-end',
        from: "and turn.status = 'running' and turn.fence = old_fence",
        to: 'and old_fence is not null',
      },
    ],
    finds: /AGREE|STUCK|FENCE/,
  },
  {
    name: 'a task hash for every acked message',
    scenarios: ['plain'],
    scripts: [
      {
        of: 'include/place-task.lua',
        from: "redis.call('RPUSH', K.mailbox(m.conversation_id), m.task_id)",
        to: "redis.call('RPUSH', K.mailbox(m.conversation_id), m.task_id) redis.call('DEL', K.task(m.task_id))",
      },
    ],
    finds: /PLACE/,
  },
  {
    name: 'scripts ask whose data it is',
    scenarios: ['wipe', 'restart'],
    scripts: [
      {
        of: 'include/epoch.lua',
        from: 'if not e[1] or e[2] ~= caller_run_id then return nil end',
        to: "if not e[1] then e[1] = '7' end",
      },
    ],
    finds: /LOST|ORDER|OVERLAP|STUCK|AGREE|RUN-TWICE|FENCE|PLACE|TOLD-TWICE/,
  },
  {
    name: 'a rebuild waits one lease',
    scenarios: ['slow'],
    order: 'noLeaseWait',
    finds: /OVERLAP|ORDER|EVENT-ORDER/,
  },
  {
    name: 'a rebuild goes by sequence',
    scenarios: ['wipe'],
    statements: [{ of: 'turns-unfinished', from: 'order by seq limit', to: 'order by seq desc limit' }],
    finds: /ORDER/,
  },
  {
    name: 'a rebuild interrupts what runs',
    scenarios: ['wipe'],
    statements: [
      {
        of: 'turns-interrupt-all',
        from: "and ended_at is null and status = 'running'",
        to: "and status = 'running' and false",
      },
    ],
    finds: /ORDER|OVERLAP|STUCK/,
  },
  {
    name: 'adopt takes only what is in flight',
    scenarios: ['popFirst'],
    scripts: [
      {
        of: 'adopt.lua',
        from: "if not redis.call('LPOS', K.inflight(lane), task_id) then return { -3 } end",
        to: '',
      },
    ],
    finds: /REQUEUED|RUN-TWICE|PLACE|OVERLAP|LEFT-OVER/,
  },
  {
    name: "the worker's own deadline",
    scenarios: ['stall'],
    order: 'noOwnDeadline',
    finds: /OVERLAP|RUN-TWICE|ORDER/,
  },
  {
    name: 'a start is durable',
    scenarios: ['power'],
    order: 'startNotDurable',
    finds: /RUN-TWICE|REQUEUED/,
  },
  {
    name: 'row before finish',
    scenarios: ['crashW'],
    order: 'finishBeforeRow',
    finds: /AGREE|STUCK|OVERLAP/,
  },
  {
    name: 'emits before finish',
    scenarios: ['plain'],
    order: 'emitsAfterFinish',
    finds: /EVENT-LOST|EVENT-ORDER/,
  },
  {
    name: 'attempts that are spent end as dead',
    scenarios: ['spent'],
    statements: [{ of: 'turns-settle', from: "else 'dead' end", to: "else 'interrupted' end" }],
    finds: /AGREE/,
  },
  {
    name: 'cancelled in the row first',
    scenarios: ['cancelC'],
    order: 'cancelTellsFirst',
    finds: /STUCK|AGREE|UNTOLD/,
  },
  {
    name: 'a release does not count as an attempt',
    scenarios: ['drainW'],
    scripts: [{ of: 'release.lua', from: "redis.call('HINCRBY', K.task(task_id), 'attempts', -1)", to: '' }],
    finds: /DEAD/,
  },
  {
    name: 'held tasks move up when a turn ends',
    scenarios: ['held'],
    scripts: [{ of: 'finish.lua', from: 'fill_lane(user)', to: '' }],
    finds: /STUCK/,
  },
  {
    name: 'an effect is noted before it leaves',
    scenarios: ['silent'],
    order: 'effectNotNoted',
    finds: /RUN-TWICE|REQUEUED/,
  },
];
