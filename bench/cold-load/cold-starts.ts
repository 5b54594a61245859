import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Deadline, systemClock } from '@switchyard/kernel';
import { createRunner } from '@switchyard/runner';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { codeOf } from './bundle-code.ts';

/** From "this code is to run" to "it is loaded and takes work"; each time another code. Milliseconds. */
export interface ColdStart {
  readonly name: string;
  once(): Promise<number>;
  close(): Promise<void>;
}

const here = import.meta.dirname;
let count = 0;

/** Ours, as chat-proc has it: in the strongest sandbox that starts here. With `warmHosts` a process waits, and the load is all there is to do. */
export async function openRunner(name: string, warmHosts: number): Promise<ColdStart> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'switchyard-cold-'));
  const runner = createRunner({
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics({ service: 'bench' }),
    config: { warmHosts, workDir: path.join(dir, 'hosts'), startMs: 120_000 },
  });
  await runner.start();
  return {
    name,
    async once() {
      const versionId = `switched__bench__${(count += 1)}`;
      const version = { bundleId: 'switched', versionId, dir: path.join(dir, versionId), entry: 'bundle.ts' };
      await mkdir(version.dir);
      await writeFile(path.join(version.dir, 'bundle.ts'), codeOf(versionId));
      while (runner.warmPids().length < warmHosts) await sleep(5);
      const startedAt = performance.now();
      const manifest = await runner.inspect(version);
      const ms = performance.now() - startedAt;
      if (manifest.name !== versionId) throw new Error(`${manifest.name} was loaded instead of ${versionId}`);
      runner.retire(versionId);
      while (runner.snapshot().length > 0) await sleep(5);
      return ms;
    },
    async close() {
      await runner.stop(Deadline.in(10_000));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Below this room, so that `@switchyard/bundle-sdk` is found from there. */
async function openFolder(): Promise<string> {
  const cache = path.join(here, '../.cache');
  await mkdir(cache, { recursive: true });
  return mkdtemp(path.join(cache, 'cold-load-'));
}

/** `fork` and the same imports. */
export async function openFork(): Promise<ColdStart> {
  const dir = await openFolder();
  return {
    name: 'fork + deps',
    async once() {
      const file = path.join(dir, `bundle-${(count += 1)}.ts`);
      await writeFile(file, codeOf(`v${count}`));
      const startedAt = performance.now();
      const child = fork(path.join(here, 'fork-program.ts'), [pathToFileURL(file).href]);
      await once(child, 'message');
      const ms = performance.now() - startedAt;
      child.disconnect();
      await once(child, 'exit');
      return ms;
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

/** BullMQ's sandboxed processor: a file that a child process runs, which the worker starts with the first job. Until the job is done. */
export async function openSandboxedProcessor(redisUrl: string): Promise<ColdStart> {
  const dir = await openFolder();
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  return {
    name: 'bullmq sandboxed processor',
    async once() {
      const at = (count += 1);
      const [bundle, processor] = [`bundle-${at}.ts`, `processor-${at}.ts`].map((file) =>
        path.join(dir, file),
      );
      await writeFile(bundle ?? '', codeOf(`v${at}`));
      await copyFile(path.join(here, 'processor.ts'), processor ?? '');
      const queueName = `cold-${at}`;
      const queue = new Queue(queueName, { connection });
      const events = new QueueEvents(queueName, { connection });
      await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
      const worker = new Worker(queueName, processor, { connection });
      await worker.waitUntilReady();
      const startedAt = performance.now();
      const job = await queue.add('one', { bundle: pathToFileURL(bundle ?? '').href });
      const answer: unknown = await job.waitUntilFinished(events, 120_000);
      const ms = performance.now() - startedAt;
      if (answer !== 'loaded') throw new Error(`the processor said ${String(answer)}`);
      await worker.close();
      await Promise.all([queue.close(), events.close()]);
      return ms;
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
