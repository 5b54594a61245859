import type { Held } from './lease-renewal.ts';
import type { WorkerParts } from './worker-parts.ts';

/** Aborts a turn that is silent or alive for too long (02, Running). One timer per turn, armed again only when it is due. */
export function startWatchdog(parts: WorkerParts, held: Held, lastEventAt: () => number): { stop(): void } {
  const { clock, config } = parts;
  const startedAt = clock.monotonic();
  let timer: NodeJS.Timeout | undefined;
  const check = () => {
    const now = clock.monotonic();
    const idleAt = Math.max(lastEventAt(), startedAt) + config.turnIdle;
    const wallAt = startedAt + config.turnWall;
    if (now >= wallAt) held.abort('watchdog_wall', 'the turn reached its wall limit');
    else if (now >= idleAt) held.abort('watchdog_idle', 'the turn was silent for too long');
    else timer = setTimeout(check, Math.ceil(Math.min(idleAt, wallAt) - now));
  };
  check();
  return { stop: () => clearTimeout(timer) };
}
