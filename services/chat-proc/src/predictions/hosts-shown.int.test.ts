import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, viewsAt } from '../../test/ask-predictions.ts';
import { pidsOf } from '../../test/host-pids.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';

const PREDICTIONS = '/sleeper/predictions';
const { view, ended } = viewsAt(PREDICTIONS);
const SLEEPER = `import time
def predict(wait_ms: int = 0) -> str:
    time.sleep(wait_ms / 1000)
    return "slept"
`;

test(
  'processes of Python count in the figures of a worker: how many there are, and what runs in them',
  { timeout: 120_000 },
  async ({ rig, redis }) => {
    await rig.ship(ACTOR_DIR);
    const dir = path.join(rig.bundlesDir, 'sleeper');
    await mkdir(dir);
    await writeFile(path.join(dir, 'predict.py'), SLEEPER);
    const { port } = await rig.start({ nodeEnv: 'test' });
    const ask = askAt(port, await rig.token('registered'), redis);
    const figure = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'mu').exec(text)?.[1]);
    };
    const without = await figure('switchyard_hosts');
    expect(without).toBeGreaterThan(0);
    const input = { wait_ms: 600_000 };
    await ask(PREDICTIONS, { body: { id: 'sleeps', input }, headers: ASYNC });
    await vi.waitFor(async () => expect((await view(ask, 'sleeps')).status).toBe('processing'), PATIENT);
    const inHosts = () => figure('switchyard_host_invocations');
    await vi.waitFor(async () => expect(await inHosts()).toBe(1), PATIENT);
    await ask(`${PREDICTIONS}/sleeps/cancel`, { method: 'POST' });
    await ended(ask, 'sleeps');
    await vi.waitFor(async () => expect(await inHosts()).toBe(0), PATIENT);
    // Its process is there while it is idle, and not counted any more when it is gone.
    expect(await figure('switchyard_hosts')).toBe(without);
    const [sandbox] = await pidsOf(path.dirname(rig.bundlesDir), 'coglet', 'sleeper__');
    process.kill(sandbox ?? 0, 'SIGKILL');
    await vi.waitFor(async () => expect(await figure('switchyard_hosts')).toBe(without - 1), PATIENT);
  },
);
