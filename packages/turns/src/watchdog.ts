import type { Held } from './lease-renewal.ts';
import type { PreparedTurn } from './turn-types.ts';
import type { WorkerConfig } from './turns-config.ts';
import type { WorkerParts } from './worker-parts.ts';

export type WatchdogLimits = Pick<WorkerConfig, 'turnIdle' | 'turnWall'>;

/** A bundle may allow itself less than the settings do, not more: started markers live as long as the settings say. */
export function decideLimits(config: WatchdogLimits, own: PreparedTurn['limits'] = {}): WatchdogLimits {
  return {
    turnIdle: Math.min(config.turnIdle, own.idleMs ?? Infinity),
    turnWall: Math.min(config.turnWall, own.wallMs ?? Infinity),
  };
}

/** Aborts a turn that is silent or alive for too long (02, Running). One timer per turn, armed again only when it is due. */
export function startWatchdog(
  { clock }: WorkerParts,
  held: Held,
  limits: WatchdogLimits,
  lastEventAt: () => number,
): { stop(): void } {
  const startedAt = clock.monotonic();
  let timer: NodeJS.Timeout | undefined;
  const check = () => {
    const now = clock.monotonic();
    const idleAt = Math.max(lastEventAt(), startedAt) + limits.turnIdle;
    const wallAt = startedAt + limits.turnWall;
    if (now >= wallAt) held.abort('watchdog_wall', 'the turn reached its wall limit');
    else if (now >= idleAt) held.abort('watchdog_idle', 'the turn was silent for too long');
    else timer = setTimeout(check, Math.ceil(Math.min(idleAt, wallAt) - now));
  };
  check();
  return { stop: () => clearTimeout(timer) };
}
