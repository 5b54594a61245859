import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Scope, createIds, systemClock } from '@switchyard/kernel';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt, viewsAt } from '../../test/ask-predictions.ts';
import type { Ask } from '../../test/ask-predictions.ts';
import { ACTOR_DIR, MASTER_KEY, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';
import { procConfigSchema } from '../env.ts';
import { openRequestResealer } from './open-request-resealer.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../../test/bundles/oracle');
const LIMIT = { timeout: 120_000 };
const SECRET = 'a-secret-of-the-caller';
const PREDICTIONS = '/oracle/predictions';
const { view, ended } = viewsAt(PREDICTIONS);

/** A worker whose only slot is taken: what comes waits until `free`. */
async function openBusy(rig: ProcRig, at: { tenant: string; project: string }) {
  await rig.ship(ACTOR_DIR);
  await rig.ship(ORACLE_DIR);
  const { port } = await rig.start({ predictionSlots: '1', jobReconcile: '500ms' });
  const ask = askAt(port, await rig.token('registered'), at);
  await ask(PREDICTIONS, { body: { id: 'blocks', input: { n: 1000, wait_ms: 100 } }, headers: ASYNC });
  await vi.waitFor(async () => expect((await view(ask, 'blocks')).status).toBe('processing'), PATIENT);
  return { ask, free: () => ask(`${PREDICTIONS}/blocks/cancel`, { method: 'POST' }) };
}

async function waiting(ask: Ask, rig: ProcRig, id: string) {
  await ask(PREDICTIONS, { body: { id, input: { text: id, key: SECRET } }, headers: ASYNC });
  return async () =>
    (
      await rig.sql<{
        sealed: Buffer | null;
        request: unknown;
        row: string;
        fence: string | null;
        attempt: number;
      }>(
        `select sealed, request, fence, attempt, p::text || encode(coalesce(sealed, ''), 'escape') as row
           from prediction p where prediction_id = '${id}'`,
      )
    )[0];
}

test(
  'what a waiting prediction is run with is in no store in the open, and gone with its start',
  LIMIT,
  async ({ rig, redis }) => {
    const { ask, free } = await openBusy(rig, redis);
    const row = await waiting(ask, rig, 'waits');
    expect(await row()).toMatchObject({ sealed: expect.anything(), request: null, fence: null });
    expect((await row())?.row).not.toContain(SECRET);
    const jobs = await rig.sql<{ row: string }>('select j::text as row from background_job j');
    expect(jobs.length).toBeGreaterThan(0);
    expect(JSON.stringify(jobs)).not.toContain(SECRET);
    await free();
    // It was opened: the predictor prints what it got, and its log has asterisks for it.
    expect(await ended(ask, 'waits')).toMatchObject({
      status: 'succeeded',
      logs: 'begin waits **********\nend\n',
    });
    expect(await row()).toMatchObject({ sealed: null, request: null });
    // What was sealed for one row opens in no other.
    const other = await openBusyAgain(ask);
    const moved = await waiting(ask, rig, 'moved');
    await waiting(ask, rig, 'donor');
    await rig.sql(
      `update prediction set sealed = (select sealed from prediction where prediction_id = 'donor') where prediction_id = 'moved'`,
    );
    await other();
    expect(await ended(ask, 'moved')).toMatchObject({
      status: 'failed',
      error: 'what was sent cannot be opened: the key of the installation changed',
    });
    expect(await moved()).toMatchObject({ sealed: null });
    expect(await ended(ask, 'donor')).toMatchObject({ status: 'succeeded' });
  },
);

async function openBusyAgain(ask: Ask) {
  await ask(PREDICTIONS, { body: { id: 'blocks-too', input: { n: 1000, wait_ms: 100 } }, headers: ASYNC });
  await vi.waitFor(async () => expect((await view(ask, 'blocks-too')).status).toBe('processing'), PATIENT);
  return () => ask(`${PREDICTIONS}/blocks-too/cancel`, { method: 'POST' });
}

test(
  'a rolling upgrade: what a former worker left open is sealed and run; what is sealed a former worker cannot start',
  LIMIT,
  async ({ rig, redis }) => {
    const { ask, free } = await openBusy(rig, redis);
    const row = await waiting(ask, rig, 'new');
    // As a former version inserts one that waits; its job was lost.
    const request = JSON.stringify({
      input: { text: 'old', key: SECRET },
      context: {},
      events: ['start', 'output', 'logs', 'completed'],
      trace: {},
      user: { user_id: 'registered-user', username: 'registered', user_type: 'registered', roles: [] },
    });
    await rig.sql(
      `insert into prediction (tenant, project, bundle_id, user_id, prediction_id, version_id, is_async, request, input,
       shown_created_at, shown_started_at, created_at)
     select tenant, project, bundle_id, user_id, 'old', version_id, true, '${request}'::jsonb, '{"text": "old", "key": "**********"}',
       shown_created_at, shown_started_at, now() - interval '1 minute' from prediction where prediction_id = 'new'`,
    );
    const old = async () =>
      (
        await rig.sql<{ row: string; is_sealed: boolean }>(
          `select p::text as row, sealed is not null and request is null as is_sealed from prediction p where prediction_id = 'old'`,
        )
      )[0];
    expect((await old())?.row).toContain(SECRET);
    await vi.waitFor(async () => expect((await old())?.is_sealed).toBe(true), PATIENT);
    expect((await old())?.row).not.toContain(SECRET);

    // The start of a former version, to the letter.
    const former = rig.sql(
      `update prediction as p set fence = 'former', lease_until = now() + interval '15 seconds', version_id = p.version_id, request = null
     where prediction_id = 'new' and p.fence is null and p.ended_at is null returning prediction_id`,
    );
    await expect(former).rejects.toThrow(/prediction_sealed_start/u);
    expect(await row()).toMatchObject({ fence: null, sealed: expect.anything(), attempt: 0 });
    await free();
    for (const id of ['new', 'old'])
      expect(await ended(ask, id)).toMatchObject({
        status: 'succeeded',
        logs: `begin ${id} **********\nend\n`,
      });
  },
);

test(
  'what waits when the master key is replaced is sealed anew, and run by who has the new one',
  LIMIT,
  async ({ rig, redis, postgres }) => {
    const { ask, free } = await openBusy(rig, redis);
    const row = await waiting(ask, rig, 'waits');
    const before = (await row())?.sealed;
    const keys = {
      switchyardMasterKey: 'the next key for tests that is long enough too',
      switchyardMasterKeyFormer: MASTER_KEY,
    };
    const scope = new Scope();
    const silent = { info: () => undefined, warn: () => undefined };
    const base = {
      sql: postgres.sql,
      scope: { tenant: redis.tenant, project: redis.project },
      ids: createIds(systemClock, randomBytes),
      log: silent,
      clock: systemClock,
    };
    const config = procConfigSchema.parse({ databaseUrl: postgres.url, ...keys });
    await openRequestResealer(scope, base, config);
    await vi.waitFor(
      async () => expect(before?.equals((await row())?.sealed ?? before)).toBe(false),
      PATIENT,
    );
    await scope.close();
    // The worker that has the former key alone is busy; this one has both.
    await rig.start({ predictionSlots: '1', jobReconcile: '500ms', ...keys });
    expect(await ended(ask, 'waits')).toMatchObject({
      status: 'succeeded',
      logs: 'begin waits **********\nend\n',
    });
    await free();
  },
);
