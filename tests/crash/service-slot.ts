import { join } from 'node:path';
import { serviceEntry, startServiceProcess } from '@switchyard/devstack';
import type { ServiceProcess } from '@switchyard/devstack';

export type SlotService = 'chat-ingress' | 'chat-proc';

export interface SlotOptions {
  /** `proc-a`; also the worker's name. */
  readonly name: string;
  readonly service: SlotService;
  readonly port: number;
  /** The tree whose code runs. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A place for one process of a service: it dies and comes back there, on the same port. */
export interface ServiceSlot {
  readonly name: string;
  readonly service: SlotService;
  readonly port: number;
  /** Begins a life. Resolves when it is ready, or when it has died of a failpoint before that; with `mayEnd` also when it has ended in order. */
  start(more?: { env?: Readonly<Record<string, string>>; root?: string; mayEnd?: boolean }): Promise<void>;
  isAlive(): boolean;
  /** Resolves with the first line of this life that has the text in it, also when it came before. */
  line(text: string): Promise<string>;
  /** Whether this life ended by SIGKILL, and not by ours: at its failpoint. */
  hasKilledItself(): boolean;
  /** Resolves when this life is over. */
  gone(): Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  lines(): readonly string[];
}

const READY_MS = 60_000;
const STOP_MS = 20_000;

export const createServiceSlot = ({ name, service, port, root, env }: SlotOptions): ServiceSlot => {
  let life: ServiceProcess | undefined;
  let lines: string[] = [];
  let listeners: ((line: string) => void)[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  };
  let hasKilledItself = false;
  let isEndedByUs = false;
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    isEndedByUs = how === 'kill';
    await life?.[how]();
    life = undefined;
  };

  return {
    name,
    service,
    port,
    start: async (more = {}) => {
      if (life !== undefined) throw new Error(`${name} runs already`);
      [lines, listeners] = [[], []];
      [hasKilledItself, isEndedByUs] = [false, false];
      const tree = more.root ?? root;
      try {
        const started = await startServiceProcess({
          name: service,
          entry: serviceEntry(service, tree),
          env: { ...env, PORT: String(port), WORKER_NAME: name, ...more.env },
          cwd: join(tree, 'services', service),
          readyMs: READY_MS,
          stopGraceMs: STOP_MS,
          onLine,
        });
        life = started;
        void started.exited.then((code) => {
          hasKilledItself = code === 'SIGKILL' && !isEndedByUs;
          if (life === started) life = undefined;
        });
      } catch (error) {
        const ended = (how: string): boolean =>
          error instanceof Error && error.message.includes(`ended before it was ready (${how})`);
        hasKilledItself = ended('SIGKILL');
        if (!hasKilledItself && !(more.mayEnd === true && ended('0'))) throw error;
      }
    },
    isAlive: () => life !== undefined,
    line: (text) => {
      const found = lines.find((line) => line.includes(text));
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve) => listeners.push((line) => line.includes(text) && resolve(line)));
    },
    hasKilledItself: () => hasKilledItself,
    gone: async () => {
      await life?.exited;
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
    lines: () => lines,
  };
};
