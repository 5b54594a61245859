import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { Side } from './measure.ts';

/** Starts the peer's two processes on the given Redis and Postgres. `withRows`: the same durable rows as ours per job. */
export async function startPeer(options: {
  redisUrl: string;
  databaseUrl: string;
  withRows: boolean;
  users: number;
}): Promise<{ side: Side; stop(): void }> {
  const env = {
    PATH: process.env['PATH'],
    REDIS_URL: options.redisUrl,
    DATABASE_URL: options.databaseUrl,
    ROWS: options.withRows ? '1' : '0',
    QUEUE: options.withRows ? 'bench-rows' : 'bench',
    NODE_ENV: 'production',
  };
  const start = (file: string) => fork(path.join(import.meta.dirname, file), [], { env, stdio: 'inherit' });
  const [ingress, worker] = [start('peer-ingress.ts'), start('peer-worker.ts')];
  const [{ port }] = (await Promise.all([firstMessage(ingress), firstMessage(worker)])) as [
    { port: number },
    unknown,
  ];
  const base = `http://127.0.0.1:${port}`;
  return {
    side: {
      name: options.withRows ? 'bullmq chain with two durable rows' : 'bullmq chain',
      processes: [
        { name: 'ingress', pid: ingress.pid ?? 0 },
        { name: 'worker', pid: worker.pid ?? 0 },
      ],
      users: Array.from({ length: options.users }, (_none, user) => ({
        streamUrl: `${base}/stream?session=u${user}`,
        postUrl: `${base}/chat`,
        headers: {},
      })),
      body: (id, user) => ({ id, session: `u${user}`, text: 'hello' }),
      conversationOf: (id) => id,
    },
    stop() {
      ingress.kill();
      worker.kill();
    },
  };
}

function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code ?? 'a signal'}`)));
  });
}
