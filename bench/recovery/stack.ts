import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openServices } from '../src/service-processes.ts';
import type { ServiceProcess } from '../src/service-processes.ts';
import type { Servers } from '../src/servers.ts';
import { watchTurn } from './watch-turn.ts';
import type { WatchedTurn } from './watch-turn.ts';

/** Two of each service, as they are shipped, so that somebody is there to take over. */
export interface RecoveryStack {
  readonly ingress: Pair;
  readonly worker: Pair;
  /** Sends a message and waits until its answer has begun. */
  say(message: string, first?: 0 | 1): Promise<RunningAnswer>;
  close(): Promise<void>;
}

export interface Pair {
  readonly members: ServiceProcess[];
  /** Kills one and starts another in its place; resolves when that is ready. */
  replace(index: number): { killed: Promise<void>; replaced: Promise<void> };
}

export interface RunningAnswer extends WatchedTurn {
  readonly hostPid: number;
  /** Which of the workers has it. */
  readonly workerIndex: number;
}

const parentOf = (pid: number): number => {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    return 0;
  }
};

function holderOf(hostPid: number, workers: readonly ServiceProcess[]): number {
  for (let pid = hostPid; pid > 1; pid = parentOf(pid)) {
    const index = workers.findIndex((worker) => worker.pid === pid);
    if (index >= 0) return index;
  }
  throw new Error(`no worker is a parent of ${hostPid}`);
}

export async function openRecoveryStack(
  servers: Servers,
  project: string,
  env: Record<string, string>,
): Promise<RecoveryStack> {
  const bundlesDir = path.join(import.meta.dirname, 'bundles');
  const services = await openServices(servers, { project, bundlesDir });
  const [token = ''] = await services.issueTokens(1);
  const pair = async (name: 'chat-ingress' | 'chat-proc'): Promise<Pair> => {
    // A sandbox with process ids of its own would hide which process is to be killed.
    const settings = {
      DEFAULT_BUNDLE: 'ticking',
      RUNNER_SANDBOX: 'permission',
      RATE_PRIVILEGED: '100000/1m',
      RATE_ADDRESS: '100000/1m',
      ...env,
    };
    const start = (port?: number) =>
      services.start(name, { env: settings, ...(port === undefined ? {} : { port }) });
    const members = [await start(), await start()];
    return {
      members,
      replace(index) {
        const old = members[index];
        if (old === undefined) throw new Error(`there is no ${name} ${index}`);
        const killed = old.kill();
        const replaced = killed.then(async () => void (members[index] = await start(old.port)));
        return { killed, replaced };
      },
    };
  };
  const [worker, ingress] = [await pair('chat-proc'), await pair('chat-ingress')];
  let number = 0;
  return {
    ingress,
    worker,
    async say(message, first = 0) {
      const urls = ingress.members.map(({ url }) => url);
      const turn = await watchTurn({
        urls: first === 0 ? urls : urls.toReversed(),
        token,
        scope: `${services.tenant}/${services.project}`,
        streamId: `s${++number}`,
        message,
      });
      while (!/pid \d+;/.test(turn.text()) && turn.ends.length === 0) await turn.nextNews();
      const hostPid = Number(/pid (\d+);/.exec(turn.text())?.[1]);
      if (!(hostPid > 0)) throw new Error(`the answer did not begin: ${turn.ends.join()}`);
      // Not spread: a getter would be read once and for all.
      return Object.assign(turn, { hostPid, workerIndex: holderOf(hostPid, worker.members) });
    },
    async close() {
      for (const each of [...worker.members, ...ingress.members]) await each.stop();
      await services.close();
    },
  };
}
