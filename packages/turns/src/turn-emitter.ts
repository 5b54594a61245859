import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import type { Held } from './lease-renewal.ts';
import type { EmitArguments } from './script-arguments.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { TurnEvent } from './turn-types.ts';
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
export function createTurnEmitter(parts: WorkerParts, held: Held): TurnEmitter {
  let queue: Waiting[] = [];
  let count = 0;
  let sending: Promise<void> | undefined;
  let closed: Error | undefined;
  let lastEventAt = parts.clock.monotonic();
  let answerText = '';
  let keptText = '';

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const text = batch.findLast(({ event }) => event.answerText !== undefined)?.event.answerText;
    const isGrown = text !== undefined && keptText !== '' && text.startsWith(keptText);
    const args = emitArguments(parts, held, batch, { text, keptText, isGrown });
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
    if (text !== undefined) keptText = text;
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
    if (event.answerText !== undefined) answerText = event.answerText;
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

/** The kept answer grows by what is new of it; the whole goes out only when it is another text. */
function emitArguments(
  parts: WorkerParts,
  { task }: Held,
  batch: readonly Waiting[],
  answer: { text: string | undefined; keptText: string; isGrown: boolean },
): EmitArguments {
  const { text = '', keptText, isGrown } = answer;
  const grown = isGrown ? ('append' as const) : ('set' as const);
  return {
    task_id: task.taskId,
    fence: task.fence,
    turn_id: task.turnId,
    conversation_id: task.conversationId,
    session_id: task.payload.session_id,
    snapshot_mode: answer.text === undefined ? 'none' : grown,
    snapshot_text: isGrown ? text.slice(keptText.length) : text,
    snapshot_ms: parts.config.turnWall,
    events: batch.flatMap(({ number, event, data }) => [
      number,
      event.event,
      event.streamId ?? task.payload.stream_id,
      data,
    ]),
  };
}
