import { decideRetryDelay, sleep } from '@switchyard/kernel';
import type { Clock, Deadline } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { ProtectionHook } from './protection-hook.ts';

export interface ScaleInProtectionOptions {
  readonly hook: ProtectionHook;
  /** How long a worker without turns stays protected: turns that follow one another would ask for every one of them. */
  readonly lingerMs: number;
  /** Longest answer of the hook. */
  readonly limitMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface ScaleInProtection {
  /** A turn runs until the returned function is called. Neither waits, and neither fails. */
  turnStarted(): () => void;
  /** Releases what is protected, and ends. */
  stop(deadline: Deadline): Promise<void>;
}

/** Told again when so much of the protection's life is over: two failures in a row are survived. */
const RENEW_SHARE = 0.5;
/** In a row: after 50-100, 100-200 and 200-400 ms. */
const RETRIES = { attempts: 3, minMs: 100, maxMs: 2000 };
/** After these were spent. */
const PATIENCE_MS = 30_000;

/**
 * Keeps the machinery around a worker from taking it away while a turn runs (02, Running): protected from the first turn's start until
 * `lingerMs` after the last one's end. One request at a time says what holds now; what failed a few times in a row is said again with
 * the next renewal or change. Turns never wait for it: where it cannot be had, the drain on SIGTERM is what they rely on.
 */
export function createScaleInProtection(options: ScaleInProtectionOptions): ScaleInProtection {
  const { hook, clock, log } = options;
  const measures = createMeasures(options.metrics);
  const stopping = new AbortController();
  let turns = 0;
  let isWanted = false;
  /** `isWanted` was set while `talking`. */
  let hasChanged = false;
  /** What the hook confirmed last, and when it was asked. Undefined: not known. */
  let told: Told | undefined = { isProtected: false, at: 0 };
  let linger: NodeJS.Timeout | undefined;
  let renewal: NodeJS.Timeout | undefined;
  let talking: Promise<void> | undefined;

  const isDue = (): boolean => isTellingDue(hook, told, isWanted, clock.monotonic());

  const tell = async (signal: AbortSignal): Promise<void> => {
    const [isProtected, at] = [isWanted, clock.monotonic()];
    // It may be done though its answer is lost.
    told = undefined;
    await hook.set(isProtected, AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(options.limitMs))]));
    told = { isProtected, at };
    measures.told(isProtected);
  };

  /** Says what holds until nothing is due, or until it has failed a few times in a row. */
  const talk = async (signal: AbortSignal): Promise<void> => {
    for (let failures = 0; isDue() && !signal.aborted;) {
      try {
        await tell(signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        measures.failed();
        const wanted = isWanted;
        log.warn('scale-in protection could not be set', { hook: hook.name, wanted, failures, error });
        const pauseMs = decideRetryDelay(RETRIES, failures, options.random);
        if (pauseMs === undefined) return;
        await sleep(pauseMs, signal).catch(() => undefined);
      }
    }
  };

  const nextLookMs = (): number | undefined => {
    if (isDue()) return PATIENCE_MS;
    if (!isWanted || hook.expiresMs === undefined || told === undefined) return undefined;
    return Math.max(0, told.at + hook.expiresMs * RENEW_SHARE - clock.monotonic());
  };

  const settle = (): void => {
    if (stopping.signal.aborted || talking !== undefined) return;
    clearTimeout(renewal);
    talking = talk(stopping.signal).finally(() => {
      talking = undefined;
      // A change that came after the last look of `talk` found it still under way: it is due now.
      if (hasChanged) return want(isWanted);
      const ms = nextLookMs();
      if (ms !== undefined && !stopping.signal.aborted) renewal = setTimeout(settle, Math.ceil(ms)).unref();
    });
  };

  const want = (isProtected: boolean): void => {
    hasChanged = talking !== undefined;
    isWanted = isProtected;
    settle();
  };

  return {
    turnStarted: () => {
      turns += 1;
      clearTimeout(linger);
      if (turns === 1) want(true);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        turns -= 1;
        if (turns === 0) linger = setTimeout(() => want(false), options.lingerMs).unref();
      };
    },
    stop: async (deadline) => {
      clearTimeout(linger);
      stopping.abort();
      await talking;
      clearTimeout(renewal);
      isWanted = false;
      const limitMs = Math.min(deadline.remainingMs(), options.limitMs);
      if (isDue()) await talk(AbortSignal.timeout(Math.max(1, Math.ceil(limitMs))));
    },
  };
}

interface Told {
  readonly isProtected: boolean;
  readonly at: number;
}

function isTellingDue(
  { expiresMs }: ProtectionHook,
  told: Told | undefined,
  isWanted: boolean,
  now: number,
): boolean {
  if (told === undefined || told.isProtected !== isWanted) return true;
  return isWanted && expiresMs !== undefined && now >= told.at + expiresMs * RENEW_SHARE;
}

function createMeasures(metrics: Metrics) {
  const state = metrics.gauge(
    'switchyard_proc_scale_in_protected',
    '1 while this worker is protected from scale-in.',
  );
  const failures = metrics.counter(
    'switchyard_proc_scale_in_failures_total',
    'Requests for scale-in protection, or for its end, that were not heard.',
  );
  state.set(0);
  return { told: (isProtected: boolean) => state.set(isProtected ? 1 : 0), failed: () => failures.add() };
}
