import { sleep } from '@switchyard/kernel';
import type { LateAnswer, WebResponses } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';

export interface LateAnswersParts {
  readonly responses: Pick<WebResponses, 'answer' | 'take'>;
  /** Tells every worker that a request was answered; nothing is lost when it is not heard. */
  readonly publish: (requestId: string) => Promise<void>;
  readonly log: Pick<Log, 'warn'>;
}

/** First look after a quarter of a second, then twice as long each time, every five seconds at last. */
const FIRST_LOOK_MS = 250;
const LAST_LOOK_MS = 5_000;

export type LateAnswers = ReturnType<typeof createLateAnswers>;

/** Answers that go by way of the row: from a job, from another worker, after a 202. */
export function createLateAnswers({ responses, publish, log }: LateAnswersParts) {
  const waiting = new Map<string, () => void>();
  return {
    /** The status of the first answer; undefined: the request is another bundle's. */
    async answer(
      requestId: string,
      bundleId: string,
      answer: LateAnswer,
    ): Promise<{ status: number } | undefined> {
      const told = await responses.answer({ requestId, bundleId }, answer);
      if (told?.isFirst === true)
        await publish(requestId).catch((error: unknown) =>
          log.warn('a late answer could not be announced', { error }),
        );
      return told;
    },
    announced(requestId: string): void {
      waiting.get(requestId)?.();
    },
    /**
     * The answer's row, taken away: when it is announced, and, should that be lost, when a look finds it. Rejects with the signal's
     * reason. One call a request.
     */
    async wait(requestId: string, bundleId: string, signal: AbortSignal): Promise<LateAnswer> {
      let look = Promise.withResolvers<void>();
      waiting.set(requestId, () => look.resolve());
      try {
        for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LAST_LOOK_MS)) {
          const ended = new AbortController();
          const pause = sleep(pauseMs, AbortSignal.any([signal, ended.signal])).catch(() => undefined);
          await Promise.race([look.promise, pause]);
          ended.abort();
          signal.throwIfAborted();
          look = Promise.withResolvers<void>();
          const found = await responses.take(requestId, bundleId).catch((error: unknown) => {
            log.warn('late answers could not be read', { error });
            return undefined;
          });
          if (found !== undefined) return found;
        }
      } finally {
        waiting.delete(requestId);
      }
    },
  };
}
