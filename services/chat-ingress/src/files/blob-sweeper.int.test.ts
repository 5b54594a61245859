import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deadline } from '@switchyard/kernel';
import { createBlobStore, createConversations, createFiles } from '@switchyard/store';
import { silentLog } from '@switchyard/telemetry';
import { postgresTest } from '@switchyard/testkit';
import { expect, onTestFinished } from 'vitest';
import { createBlobSweeper } from './blob-sweeper.ts';

const scope = { tenant: 'demo', project: 'main' };
const HOUR_MS = 3_600_000;

postgresTest(
  'what nobody names any more goes after an hour, what somebody names stays',
  async ({ postgres }) => {
    const { sql } = postgres;
    const dir = await mkdtemp(join(tmpdir(), 'sweeper-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const [blobs, files, conversations] = [
      createBlobStore({ dir }),
      createFiles(sql, scope),
      createConversations(sql, scope),
    ];
    const [kept, lost, young] = [
      await blobs.put(Buffer.from('kept')),
      await blobs.put(Buffer.from('lost')),
      await blobs.put(Buffer.from('young')),
    ];
    const owner = { conversationId: 'c-1', turnId: 't-1', userId: 'ann', direction: 'attachment' } as const;
    await files.add('f-1', owner, { filename: 'kept', mime: 'text/plain', ...kept });
    for (const blob of [lost, young]) await files.touchBlob(blob);
    await sql.query({
      text: `update blob set touched_at = now() - interval '2 hours' where sha256 <> $1`,
      values: [young.sha256],
    });
    const now = () => Date.now() + 2 * HOUR_MS;
    const sweeper = createBlobSweeper({
      sql,
      files,
      blobs,
      conversations,
      now,
      log: silentLog,
      lockName: 'test',
    });
    await sweeper.sweep();
    expect(await Promise.all([kept, lost, young].map(({ sha256 }) => blobs.has(sha256)))).toEqual([
      true,
      false,
      true,
    ]);
    await sweeper.start();
    await sweeper.stop(Deadline.in(100));
  },
);
