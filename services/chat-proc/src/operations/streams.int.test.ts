import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

// Three workers and their hosts, and bodies of many megabytes.
vi.setConfig({ testTimeout: 120_000 });

const DESK_DIR = path.join(import.meta.dirname, '../../test/bundles/desk');
const PATIENCE = { timeout: 60_000, interval: 50 };
const PIECE_BYTES = 16 * 1024;
/** Of a connection, in both kernels' buffers and ours; a body without a bound would pass it in a moment. */
const MAX_AHEAD_BYTES = 16 * 1024 * 1024;

interface Drips {
  pieces: number;
  open: number;
  aborted: number;
}

async function openDesk(rig: ProcRig, { tenant, project }: { tenant: string; project: string }) {
  await rig.ship(ACTOR_DIR);
  await rig.ship(DESK_DIR);
  // The many looks of a test are no load.
  const { port } = await rig.start({ rateRegistered: '100000/1m', rateAddress: '100000/1m' });
  const headers = { authorization: `Bearer ${await rig.token('registered')}` };
  const base = `http://127.0.0.1:${port}/api/integrations/bundles/${tenant}/${project}/desk/operations`;
  return {
    /** Answers when the head is there; nothing of the body is read. */
    open: (address: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get(`${base}${address}`, { headers, agent: false }, resolve).once('error', reject);
      }),
    async drips(): Promise<Drips> {
      const response = await fetch(`${base}/drips`, { headers });
      return ((await response.json()) as { drips: Drips }).drips;
    },
  };
}

async function readBytes(answer: IncomingMessage, least: number): Promise<number> {
  let bytes = 0;
  while (bytes < least) {
    const chunk = answer.read() as Buffer | null;
    if (chunk === null) await new Promise<void>((resolve) => void answer.once('readable', resolve));
    else bytes += chunk.byteLength;
  }
  return bytes;
}

test('a reader that does not read holds the bundle up, and nobody else; when it leaves, the bundle hears of it', async ({
  rig,
  redis,
}) => {
  const desk = await openDesk(rig, redis);
  const answer = await desk.open('/drip');
  expect(answer.statusCode).toBe(200);
  // Until the pipe is full: then the bundle is asked for no further piece.
  let before = -1;
  await vi.waitFor(
    async () => {
      const { pieces } = await desk.drips();
      const isStill = pieces === before;
      before = pieces;
      expect(isStill && pieces > 1).toBe(true);
    },
    { timeout: 60_000, interval: 400 },
  );
  expect(before * PIECE_BYTES).toBeLessThan(MAX_AHEAD_BYTES);
  // More than waits on the way: so the bundle goes on as soon as somebody reads.
  await readBytes(answer, before * PIECE_BYTES + 4 * 1024 * 1024);
  expect((await desk.drips()).pieces).toBeGreaterThan(before);
  expect(await desk.drips()).toMatchObject({ open: 1, aborted: 0 });
  answer.destroy();
  await vi.waitFor(async () => expect(await desk.drips()).toMatchObject({ open: 0, aborted: 1 }), PATIENCE);
  const { pieces } = await desk.drips();
  expect((await desk.drips()).pieces).toBe(pieces);
});

test('many that leave in the middle leave nothing behind', async ({ rig, redis }) => {
  const desk = await openDesk(rig, redis);
  for (let round = 1; round <= 3; round += 1) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => desk.open('/drip')));
    for (const answer of answers) answer.destroy();
    await vi.waitFor(
      async () => expect(await desk.drips()).toMatchObject({ open: 0, aborted: 8 * round }),
      PATIENCE,
    );
  }
});

test('a file is an answer, whole or left in the middle, and its folder is gone after it', async ({
  rig,
  redis,
}) => {
  const desk = await openDesk(rig, redis);
  const bytes = 24 * 1024 * 1024;
  const fileOf = ({ headers }: IncomingMessage) => String(headers['x-file']);
  const isGone = async (file: string) =>
    vi.waitFor(async () => expect(await stat(path.dirname(file)).catch(() => 'gone')).toBe('gone'), PATIENCE);
  const whole = await desk.open(`/download?bytes=${bytes}`);
  const hash = createHash('sha256');
  for await (const chunk of whole) hash.update(chunk as Buffer);
  expect(hash.digest('hex')).toBe(
    createHash('sha256').update(Buffer.alloc(bytes, 'switchyard')).digest('hex'),
  );
  await isGone(fileOf(whole));
  const left = await desk.open(`/download?bytes=${bytes}`);
  await readBytes(left, 1);
  expect((await stat(fileOf(left))).size).toBe(bytes);
  left.destroy();
  await isGone(fileOf(left));
});
