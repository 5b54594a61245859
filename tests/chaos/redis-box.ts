import { readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { startRedisServer } from '@switchyard/devstack';
import type { RedisServer, Warden } from '@switchyard/devstack';
import { lastingPort, redisCommand } from '@switchyard/testkit';

export type FsyncPolicy = 'everysec' | 'always';

/** The run's Redis: it dies, comes back, and may come back older or empty. */
export interface RedisBox {
  readonly port: number;
  readonly url: string;
  command(...words: readonly string[]): Promise<string>;
  pid(): number | undefined;
  isUp(): boolean;
  start(policy?: FsyncPolicy): Promise<void>;
  /** `kill -9`; with `everysec` what was written in the last second may be on no disk, and is cut off here. */
  kill(options?: { losesLastSecond?: boolean }): Promise<void>;
  /** Starts without data. */
  startEmpty(): Promise<void>;
  close(): Promise<void>;
}

const SAMPLE_MS = 100;
const LOST_MS = 1000;

interface Sample {
  readonly file: string;
  readonly size: number;
  readonly at: number;
}

/** The append-only file that is written to now. */
const readTail = async (dir: string): Promise<Sample | undefined> => {
  const folder = join(dir, 'appendonlydir');
  const names = await readdir(folder).catch(() => []);
  const files = names
    .filter((name) => name.endsWith('.incr.aof'))
    .toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true }));
  const last = files.at(-1);
  if (last === undefined) return undefined;
  const file = join(folder, last);
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : { file, size: found.size, at: performance.now() };
};

/** Remembers how long the file was, second by second: a power cut takes what came after. */
const watchTail = (dir: string) => {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    void readTail(dir).then((sample) => {
      if (sample !== undefined) samples.push(sample);
      while (samples.length > (5 * LOST_MS) / SAMPLE_MS) samples.shift();
    });
  }, SAMPLE_MS);
  return {
    cutLastSecond: async (): Promise<void> => {
      const [now, before] = [
        await readTail(dir),
        samples.findLast(({ at }) => at <= performance.now() - LOST_MS),
      ];
      // Rewritten in between: the new file began with all that there was.
      if (now === undefined || before === undefined || before.file !== now.file) return;
      await truncate(now.file, before.size);
    },
    forget: () => void samples.splice(0),
    stop: () => clearInterval(timer),
  };
};

export const openRedisBox = async (
  dir: string,
  warden: Warden,
  onLine: (line: string) => void,
): Promise<RedisBox> => {
  const port = await lastingPort();
  const data = join(dir, 'data');
  let server: RedisServer | undefined;
  const tail = watchTail(data);
  const start = async (policy: FsyncPolicy = 'everysec'): Promise<void> => {
    const settings = [`appendfsync ${policy}`, 'aof-load-truncated yes'];
    const path = process.env['PATH'] ?? '';
    const begun = await startRedisServer({ dir: data, port, path, settings, warden, onLine });
    server = begun;
    void begun.exited.then(() => {
      if (server === begun) server = undefined;
    });
  };
  const kill: RedisBox['kill'] = async ({ losesLastSecond = false } = {}) => {
    await server?.kill();
    if (losesLastSecond) await tail.cutLastSecond();
    tail.forget();
  };
  await start();
  const url = `redis://127.0.0.1:${port}`;
  return {
    port,
    url,
    command: (...words) => redisCommand(url, ...words),
    pid: () => server?.identity.pid,
    isUp: () => server !== undefined,
    start,
    kill,
    startEmpty: async () => {
      await kill();
      await rm(data, { recursive: true, force: true });
      await start();
    },
    close: async () => {
      tail.stop();
      await kill();
    },
  };
};
