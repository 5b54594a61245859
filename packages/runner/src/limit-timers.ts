import { MAX_TIMER_MS, PlatformError } from '@switchyard/kernel';
import type { InvocationLimits } from './invocation-limits.ts';

/** Counts the time of one invocation and tells, once, which limit it reached. */
export class LimitTimers {
  readonly #reached: (error: PlatformError) => void;
  readonly #timers: NodeJS.Timeout[] = [];
  #idle: NodeJS.Timeout | undefined;

  constructor(limits: InvocationLimits, reached: (error: PlatformError) => void) {
    this.#reached = reached;
    const { timeoutMs, wallMs, idleMs } = limits;
    if (timeoutMs !== undefined) this.#after(timeoutMs, () => PlatformError.of('TIMEOUT'));
    if (wallMs !== undefined) this.#after(wallMs, () => watchdog('wall', wallMs));
    if (idleMs !== undefined) this.#idle = this.#after(idleMs, () => watchdog('idle', idleMs));
  }

  /** The invocation did something. */
  touch(): void {
    this.#idle?.refresh();
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(ms: number, error: () => PlatformError): NodeJS.Timeout {
    const reach = (): void => {
      this.stop();
      this.#reached(error());
    };
    // Who declares a year means no limit, and must not get none of his time.
    const timer = setTimeout(reach, Math.min(ms, MAX_TIMER_MS));
    this.#timers.push(timer);
    return timer;
  }
}

function watchdog(kind: 'idle' | 'wall', limitMs: number): PlatformError {
  const details = { timeout_kind: kind, limit_sec: Math.round(limitMs / 1000) };
  return PlatformError.of('WATCHDOG_TIMEOUT', undefined, { details });
}
