import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import type { EffectLog } from './effect-log.ts';
import type { Held } from './lease-renewal.ts';
import type { EmitArguments } from './script-arguments.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { TurnEvent } from './turn-types.ts';
import { markerMs } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface TurnEmitter {
  emit(event: TurnEvent): Promise<void>;
  /** Takes no more events and resolves when all that were given are in Redis, or never will be. */
  close(): Promise<void>;
  /** Monotonic time of the last event. */
  lastEventAt(): number;
  answerText(): string;
}

interface Waiting {
  readonly number: number;
  readonly event: TurnEvent;
  readonly data: string;
  resolve(): void;
  reject(error: Error): void;
}

/** One batch: few enough that a renewal does not wait behind it. */
const MAX_BATCH_EVENTS = 64;
const MAX_BATCH_CHARACTERS = 256 * 1024;
const RETRY_PAUSE_MS = 50;

/**
 * Events of one turn go out in order, numbered, one batch at a time; what comes while a batch is under way is the next batch (02,
 * step 4). A batch whose reply is lost goes again under the same numbers, and Redis ignores what it has.
 */
export function createTurnEmitter(parts: WorkerParts, held: Held, effects: EffectLog): TurnEmitter {
  let queue: Waiting[] = [];
  let count = 0;
  let sending: Promise<void> | undefined;
  let closed: Error | undefined;
  let lastEventAt = parts.clock.monotonic();
  let answerText = '';
  let isKept = false;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    if (batch.some(({ event }) => event.isPlatform !== true)) await effects.note();
    const snapshot = decideSnapshot(batch, isKept);
    const args = emitArguments(parts, held, batch, snapshot);
    for (;;) {
      if (held.isLost()) throw toTurnError(ScriptResult.LeaseLost, 'emit');
      try {
        failpoint('turns.emit.before-script');
        const { code } = await parts.scripts.emit(args);
        failpoint('turns.emit.after-script');
        if (code === ScriptResult.Ok) break;
        if (code === ScriptResult.Epoch) parts.onEpoch();
        held.lose('the turn is fenced off');
        throw toTurnError(ScriptResult.LeaseLost, 'emit');
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE') throw error;
        await sleep(RETRY_PAUSE_MS);
      }
    }
    if (snapshot.snapshot_mode !== 'none') isKept = true;
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      queue = queue.slice(batch.length);
      try {
        await send(batch);
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        closed = error instanceof Error ? error : new Error(String(error));
        for (const waiting of [...batch, ...queue.splice(0)]) waiting.reject(closed);
      }
    }
    sending = undefined;
  };

  const accept = (event: TurnEvent): Promise<void> => {
    if (closed !== undefined) return Promise.reject(closed);
    lastEventAt = parts.clock.monotonic();
    answerText = (event.answerText ?? answerText) + (event.answerAdds ?? '');
    return new Promise((resolve, reject) => {
      queue.push({ number: ++count, event, data: JSON.stringify(event.data), resolve, reject });
      // In the next microtask: what is emitted in one tick goes out in one batch.
      sending ??= Promise.resolve().then(drain);
    });
  };

  return {
    emit: (event) => {
      const written = accept(event);
      // An executor that does not wait for its events must not end the process when the turn is over before they are.
      written.catch(() => undefined);
      return written;
    },
    close: async () => {
      closed ??= PlatformError.of('CANCELLED', 'the turn is over');
      await sending;
    },
    lastEventAt: () => lastEventAt,
    answerText: () => answerText,
  };
}

function takeBatch(queue: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  let characters = 0;
  for (const waiting of queue) {
    characters += waiting.data.length;
    if (batch.length === MAX_BATCH_EVENTS || (batch.length > 0 && characters > MAX_BATCH_CHARACTERS)) break;
    batch.push(waiting);
  }
  return batch;
}

type Snapshot = Pick<EmitArguments, 'snapshot_mode' | 'snapshot_text'>;

/** The kept answer grows by what is new of it. What was said before is looked at no more: an answer of a megabyte stays linear. */
function decideSnapshot(batch: readonly Waiting[], isKept: boolean): Snapshot {
  let mode: Snapshot['snapshot_mode'] = 'none';
  let text = '';
  for (const { event } of batch) {
    if (event.answerText === undefined && event.answerAdds === undefined) continue;
    if (event.answerText !== undefined) {
      mode = 'set';
      text = event.answerText;
    } else if (mode === 'none') mode = isKept ? 'append' : 'set';
    text += event.answerAdds ?? '';
  }
  return { snapshot_mode: mode, snapshot_text: text };
}

function emitArguments(
  parts: WorkerParts,
  { task }: Held,
  batch: readonly Waiting[],
  snapshot: Snapshot,
): EmitArguments {
  return {
    task_id: task.taskId,
    fence: task.fence,
    turn_id: task.turnId,
    conversation_id: task.conversationId,
    session_id: task.payload.session_id,
    ...snapshot,
    snapshot_ms: markerMs(parts.config),
    events: batch.flatMap(({ number, event, data }) => [
      number,
      event.event,
      event.streamId ?? task.payload.stream_id,
      data,
    ]),
  };
}
