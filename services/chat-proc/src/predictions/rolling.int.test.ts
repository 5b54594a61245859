import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, viewsAt } from '../../test/ask-predictions.ts';
import type { View } from '../../test/ask-predictions.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import { launchWorker } from '../../test/worker-process.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../../test/bundles/oracle');
const IN_PYTHON = `import time
def predict(text: str = "x", wait_ms: int = 0) -> str:
    print("begin", text)
    time.sleep(wait_ms / 1000)
    return text
`;
const WAITING = [0, 1, 2, 3];
const SETTINGS = { predictionSlots: '1', jobReconcile: '1s' };

test(
  'a rolling upgrade: what runs ends on the worker that goes, what waits is run by the one that comes, each once and told once',
  { timeout: 180_000 },
  async ({ rig, redis, postgres }) => {
    const told: View[] = [];
    const receiver = createServer((req, res) => {
      void text(req).then((body) => {
        told.push(JSON.parse(body) as View);
        res.end();
      });
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    await rig.ship(ACTOR_DIR);
    await rig.ship(ORACLE_DIR);
    const dir = path.join(rig.bundlesDir, 'python');
    await mkdir(dir);
    await writeFile(path.join(dir, 'predict.py'), IN_PYTHON);
    const old = launchWorker({
      ...rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }),
      PREDICTION_SLOTS: '1',
      JOB_RECONCILE: '1s',
      RUNNER_SANDBOX: 'permission',
      HTTP_PRIVATE_HOSTS: host,
    });
    try {
      await vi.waitFor(() => expect(old.said()).toContain('"msg":"worker started"'), PATIENT);
      const oldPort = Number(/"port":(\d+)[^\n]*"msg":"worker started"/u.exec(old.said())?.[1]);
      const token = await rig.token('registered');
      const atOld = askAt(oldPort, token, redis);
      const kinds = { oracle: viewsAt('/oracle/predictions'), python: viewsAt('/python/predictions') };
      const send = (bundle: string, id: string, wait: number) =>
        atOld(`/${bundle}/predictions`, {
          body: {
            id,
            input: { text: id, wait_ms: wait },
            webhook: `http://${host}/`,
            webhook_events_filter: ['completed'],
          },
          headers: ASYNC,
        });
      await send('python', 'runs', 4000);
      await vi.waitFor(
        async () => expect((await kinds.python.view(atOld, 'runs')).status).toBe('processing'),
        PATIENT,
      );
      const bundles = Object.keys(kinds) as (keyof typeof kinds)[];
      for (const at of WAITING)
        for (const bundle of bundles) expect((await send(bundle, `w${at}`, 10)).status).toBe(202);
      const gone = old.exited;
      old.child.kill('SIGTERM');
      // It takes nothing more while what it runs ends.
      await vi.waitFor(() => expect(old.said()).toContain('"msg":"worker stops"'), PATIENT);
      const ask = askAt((await rig.start({ ...SETTINGS, httpPrivateHosts: host })).port, token, redis);
      expect(await kinds.python.ended(ask, 'runs')).toMatchObject({ status: 'succeeded', output: 'runs' });
      for (const at of WAITING)
        for (const bundle of bundles) {
          const { status, logs } = await kinds[bundle].ended(ask, `w${at}`);
          expect([status, logs.match(/^begin/gmu)?.length]).toEqual(['succeeded', 1]);
        }
      expect(await gone).toBe(0);
      const rows = await rig.sql<{ attempt: number }>('select distinct attempt from prediction');
      expect(rows).toEqual([{ attempt: 1 }]);
      const all = 1 + WAITING.length * bundles.length;
      await vi.waitFor(() => expect(told.length).toBeGreaterThanOrEqual(all), PATIENT);
      expect(told.map(({ id }) => id).toSorted()).toEqual(
        ['runs', ...WAITING.flatMap((at) => [`w${at}`, `w${at}`])].toSorted(),
      );
    } finally {
      old.child.kill('SIGKILL');
      receiver.closeAllConnections();
      receiver.close();
    }
  },
);
