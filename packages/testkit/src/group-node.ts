import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startRedisServer } from '@switchyard/devstack';
import type { RedisServer, Warden } from '@switchyard/devstack';
import { redisCommand } from './redis-command.ts';
import { redisProgram } from './redis-program.ts';

/** One server of a cluster or of a master with replicas. */
export interface GroupNode {
  readonly host: string;
  readonly port: number;
  /** `redis://127.0.0.1:7000`. */
  readonly url: string;
  isAlive(): boolean;
  /** `kill -9`. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again with its data; further settings only for this start. */
  start(settings?: readonly string[]): Promise<void>;
  /** Starts it again without its data. What it knows of its cluster stays. */
  startEmpty(): Promise<void>;
  /** SIGSTOP: sockets stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** One command, its reply as text. */
  command(...words: readonly string[]): Promise<string>;
  /** A line of INFO; empty when there is none. */
  info(field: string): Promise<string>;
}

export interface GroupNodeOptions {
  readonly dir: string;
  readonly warden: Warden;
  readonly settings?: readonly string[];
  readonly isSentinel?: boolean;
}

export const startGroupNode = async (options: GroupNodeOptions): Promise<GroupNode> => {
  const port = await freePort();
  const launch = (more: readonly string[]): Promise<RedisServer> =>
    startRedisServer({
      ...redisProgram(),
      dir: options.dir,
      port,
      warden: options.warden,
      isSentinel: options.isSentinel ?? false,
      settings: [...(options.settings ?? []), ...more],
    });
  let server: RedisServer | undefined = await launch([]);
  const url = server.url;
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    if (server !== undefined) process.kill(server.identity.pid, name);
  };
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    const running = server;
    server = undefined;
    await running?.[how]();
  };
  const start = async (more: readonly string[] = []): Promise<void> => void (server ??= await launch(more));
  return {
    host: '127.0.0.1',
    port,
    url,
    isAlive: () => server !== undefined,
    kill: () => end('kill'),
    stop: () => end('stop'),
    start,
    startEmpty: async () => {
      await Promise.all(
        ['appendonlydir', 'dump.rdb'].map((name) =>
          rm(join(options.dir, name), { recursive: true, force: true }),
        ),
      );
      await start();
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    command: (...words) => redisCommand(url, ...words),
    info: async (field) =>
      new RegExp(`^${field}:(.*?)\r?$`, 'm').exec(await redisCommand(url, 'INFO'))?.[1] ?? '',
  };
};
