import { randomBytes } from 'node:crypto';
import { Deadline } from '@switchyard/kernel';
import type { Clock, Scope } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { TurnExecutor } from '@switchyard/turns';
import { createProtectionHook } from './create-protection-hook.ts';
import { createScaleInProtection } from './scale-in-protection.ts';
import type { ScaleInConfig } from './scale-in-settings.ts';

export interface ProtectTurnsParts {
  readonly config: ScaleInConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const CLOSE_MS = 5000;

/**
 * The same executor; where a hook is configured, an autoscaler hears that its turns run, and after the worker has closed that they are
 * over. What is only prepared is not protected: it can go back.
 */
export function protectTurns(scope: Scope, parts: ProtectTurnsParts, executor: TurnExecutor): TurnExecutor {
  const { config, clock, log, metrics } = parts;
  const hook = createProtectionHook(config);
  if (hook === undefined) return executor;
  const [lingerMs, limitMs] = [config.scaleInLinger, config.scaleInLimit];
  const random = () => randomBytes(2).readUInt16BE() / 65_536;
  const protection = createScaleInProtection({ hook, lingerMs, limitMs, clock, random, log, metrics });
  scope.defer(() => protection.stop(Deadline.in(CLOSE_MS)));
  return {
    async prepare(task, signal) {
      const run = await executor.prepare(task, signal);
      return async (turn) => {
        const end = protection.turnStarted();
        try {
          return await run(turn);
        } finally {
          end();
        }
      };
    },
  };
}
