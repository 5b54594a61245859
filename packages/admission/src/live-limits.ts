import type { Service } from '@switchyard/kernel';
import { applyLimits, limitsOfConfig, limitsOverrideSchema, overLimits } from './limits.ts';
import type { AppliedLimits, CapacityDefaults, Limits } from './limits.ts';
import type { AdmissionConfig } from './admission-settings.ts';

/** What is stored: what an admin set over the configuration, and how often it was changed. */
export interface StoredLimits {
  readonly version: number;
  readonly override: unknown;
}

export interface LiveLimits extends Service {
  readonly current: () => AppliedLimits;
  readonly limits: () => Limits;
  readonly version: () => number;
  /** Reads what is stored; never rejects: without an answer the former limits hold. */
  refresh(): Promise<void>;
}

export interface LiveLimitsParts {
  readonly config: AdmissionConfig & CapacityDefaults;
  readonly refreshMs: number;
  /** Undefined: nothing was ever set. */
  readonly read: () => Promise<StoredLimits | undefined>;
  /** Calls at each change that is told; answers how to leave. */
  readonly onChange: (listener: () => void) => Promise<() => Promise<void>>;
  readonly warn: (message: string, fields: Record<string, unknown>) => void;
}

/** The limits of this moment. A change is told, and asked for every few seconds all the same: a word that is lost costs those seconds. */
export function createLiveLimits(parts: LiveLimitsParts): LiveLimits {
  const defaults = limitsOfConfig(parts.config);
  let limits = defaults;
  let applied = applyLimits(defaults);
  let version = 0;
  let timer: NodeJS.Timeout | undefined;
  let leave: (() => Promise<void>) | undefined;
  let running: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    try {
      const stored = await parts.read();
      // An older answer that comes late takes nothing back.
      if (stored === undefined || stored.version <= version) return;
      const override = limitsOverrideSchema.safeParse(stored.override);
      if (!override.success) {
        // Of a newer release, beside which this one still runs.
        parts.warn('limits that this release does not know', { version: stored.version });
        return;
      }
      limits = overLimits(defaults, override.data);
      applied = applyLimits(limits);
      version = stored.version;
    } catch (error) {
      parts.warn('limits could not be read; the former ones hold', { error });
    }
  }
  const refresh = (): Promise<void> => (running = running.then(read));

  return {
    name: 'live-limits',
    current: () => applied,
    limits: () => limits,
    version: () => version,
    refresh,
    async start() {
      // Heard first: a change in between is told.
      leave = await parts.onChange(() => void refresh());
      await refresh();
      timer = setInterval(() => void refresh(), parts.refreshMs);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await leave?.();
      await running;
    },
    health: () => ({ ok: true, detail: { version } }),
  };
}
