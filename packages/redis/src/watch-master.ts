import type { Redis } from 'ioredis';
import { withTimeout } from '@switchyard/kernel';
import { isSameNode } from './master-connector.ts';
import type { MasterTrace } from './master-connector.ts';
import type { MasterFinder } from './master-finder.ts';

export interface WatchOptions {
  readonly driver: Redis;
  readonly finder: MasterFinder;
  readonly trace: MasterTrace;
  readonly everyMs: number;
  /** False on a connection that blocks: its answers come when the block ends. */
  readonly mustAnswer: boolean;
  readonly isReady: () => boolean;
  /** The server at the other end is not the master any more, or is silent. */
  readonly leave: (reason: string) => void;
}

/** A server that says nothing for this long is taken for gone. */
const ANSWER_LIMIT_MS = 5000;

/**
 * Looks now and then whether the connection still ends at the master. Most of the time an error says so first; this is for
 * connections that send nothing (a subscriber) and for a demoted server that cannot know it (paused, or cut off from the others).
 * Returns its end.
 */
export function watchMaster(options: WatchOptions): () => void {
  const { driver, finder, trace, everyMs, isReady, leave } = options;
  const askServer = async (): Promise<void> => {
    const reply = driver.role();
    reply.catch(() => undefined);
    const role: unknown[] | undefined = await (
      options.mustAnswer ? withTimeout(reply, ANSWER_LIMIT_MS, 'the role of redis') : reply
    ).catch((error: unknown) => {
      // A server that hides its role is a master behind a managed address.
      if (error instanceof Error && 'command' in error) return undefined;
      if (isReady()) leave('redis is silent');
      return undefined;
    });
    if (role !== undefined && String(role[0]) !== 'master' && isReady()) leave('redis was demoted');
  };

  const askOthers = async (): Promise<void> => {
    if (!finder.canMove) return;
    const { at } = trace;
    const master = await finder.find().catch(() => undefined);
    // Nobody knows: that is no reason to leave a server that works.
    if (master === undefined || trace.at !== at || !isReady()) return;
    if (!isSameNode(at, master)) leave('another redis is the master now');
  };

  // Each on its own: a server that hangs must not keep the others from saying that it was replaced.
  const stops = [askServer, askOthers].map((ask) => repeat(ask, everyMs, isReady));
  return () => {
    for (const stop of stops) stop();
  };
}

/** Never twice at once, and not while there is no server. */
function repeat(ask: () => Promise<void>, everyMs: number, isReady: () => boolean): () => void {
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy || !isReady()) return;
    isBusy = true;
    void ask().finally(() => (isBusy = false));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
