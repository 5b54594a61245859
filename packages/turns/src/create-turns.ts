import type { Clock, Ids } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Log, Metrics } from '@switchyard/telemetry';
import { createAccept } from './accept.ts';
import type { CapacityLimits } from './capacity-policy.ts';
import { createCancel } from './cancel.ts';
import { readConversationStates, readQueueStats } from './conversation-states.ts';
import { createTurnRows } from './turn-rows.ts';
import { bindTurnScripts, loadTurnScripts } from './turn-scripts.ts';
import type { TurnsConfig } from './turns-config.ts';
import type { AcceptRequest, AcceptResult, Turns } from './turn-types.ts';

export interface TurnsOptions {
  /** Kind `commands`. */
  readonly redis: RedisConnection;
  readonly sql: Sql;
  readonly keys: Keys;
  readonly scope: TenantProject;
  readonly config: TurnsConfig;
  /** The limits of this moment, where they may change; without it those of `config`. */
  readonly capacity?: () => CapacityLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Ingress' side of the queue. Nothing runs in the background: what an accept leaves behind, a worker's reconciler finds. */
export function createTurns(options: TurnsOptions): Turns {
  const { redis, sql, keys, scope, config, clock, log, metrics } = options;
  const rows = createTurnRows(sql, scope);
  const scripts = bindTurnScripts(loadTurnScripts(), redis, keys.prefix);
  const accept = createAccept({ ...options, rows, scripts });
  const cancel = createCancel({ rows, scripts, keys, clock });
  const accepted = metrics.counter('switchyard_turns_accepted_total', 'Messages accepted.', [
    'lane',
    'status',
  ]);
  const acceptTime = metrics.timer(
    'switchyard_turns_accept_seconds',
    'From a checked submission to its ack.',
    ['lane'],
  );

  /** A steer without words asks its turn to stop (03 §4). */
  const stopIfAsked = async (request: AcceptRequest, { ack }: AcceptResult): Promise<void> => {
    if (request.kind !== 'steer' || request.text.trim() !== '' || ack.status !== 'external_event_accepted')
      return;
    const turnId = ack.active_turn_id ?? undefined;
    await cancel({ conversationId: ack.conversation_id, userId: request.identity.userId, turnId });
  };

  const measuredAccept = async (request: AcceptRequest): Promise<AcceptResult> => {
    const lane = request.identity.userType;
    const startedAt = clock.monotonic();
    try {
      const result = await accept(request);
      await stopIfAsked(request, result);
      accepted.add({ lane, status: result.isRepeat ? 'repeated' : result.ack.status });
      return result;
    } catch (error) {
      accepted.add({ lane, status: 'refused' });
      log.debug('message refused', { request_id: request.requestId, error });
      throw error;
    } finally {
      acceptTime.observeMs(clock.monotonic() - startedAt, { lane });
    }
  };

  return {
    accept: measuredAccept,
    cancel,
    conversationStates: (ids) => readConversationStates({ redis, keys, clock }, ids),
    conversationState: async (id) => {
      const [state] = await readConversationStates({ redis, keys, clock }, [id]);
      if (state === undefined) throw new Error('no answer for a conversation');
      return state;
    },
    queueStats: () => readQueueStats({ redis, keys, clock }, config.queueFactor),
  };
}
