import type { Log } from '@switchyard/telemetry';
import type { UpstreamMember, UpstreamPool } from './upstream-pool.ts';

export interface UpstreamWatchOptions {
  /** By the name that log lines have for the service. */
  readonly pools: Readonly<Record<string, UpstreamPool>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly log: Log;
}

export interface UpstreamWatch {
  stop(): Promise<void>;
}

const READY_PATH = '/health/ready';
/** Silence may be a busy machine; only a second one in a row counts. A "no" counts at once: it comes before a stop. */
const SILENCES = 2;

type Answer = 'ready' | 'not-ready' | 'silent';

const askReady = async (target: URL, signal: AbortSignal): Promise<Answer> => {
  try {
    const answer = await fetch(new URL(READY_PATH, target), { signal, redirect: 'manual' });
    await answer.body?.cancel();
    return answer.ok ? 'ready' : 'not-ready';
  } catch {
    return 'silent';
  }
};

/** Asks one address again and again until it is stopped. */
const watchMember = async (
  name: string,
  member: UpstreamMember,
  { intervalMs, timeoutMs, log }: UpstreamWatchOptions,
  stopped: AbortSignal,
): Promise<void> => {
  let silences = 0;
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, intervalMs);
      stopped.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  while (!stopped.aborted) {
    const answer = await askReady(member.target, AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]));
    if (stopped.aborted) return;
    silences = answer === 'silent' ? silences + 1 : 0;
    const isUp = answer === 'ready' || (answer === 'silent' && silences < SILENCES && member.isUp);
    if (isUp !== member.isUp) {
      const fields = { upstream: name, address: member.target.host, answer };
      if (isUp) log.info('upstream is back', fields);
      else log.warn('upstream is away', fields);
      member.setUp(isUp);
    }
    await turn();
  }
};

/**
 * Keeps asking each address of a service that has several whether it is ready. Where there is one alone there is nothing to choose, and it is
 * not asked.
 */
export const watchUpstreams = (options: UpstreamWatchOptions): UpstreamWatch => {
  const stopping = new AbortController();
  const watches = Object.entries(options.pools)
    .filter(([, pool]) => pool.members.length > 1)
    .flatMap(([name, pool]) =>
      pool.members.map((member) => watchMember(name, member, options, stopping.signal)),
    );
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(watches);
    },
  };
};
