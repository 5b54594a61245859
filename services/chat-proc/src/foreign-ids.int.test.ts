import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createIdentity, identitySettings } from '@switchyard/identity';
import { createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { addressOf, readRouteRows, rowsOfTenant } from '@switchyard/testkit';
import type { PostgresFixture } from '@switchyard/testkit';
import { expect, vi } from 'vitest';
import { z } from 'zod';
import { PATIENT, askAt, json } from '../test/ask-predictions.ts';
import { MASTER_KEY, procTest as test } from '../test/proc-rig.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../test/bundles/oracle');
const PREDICTIONS = '/oracle/predictions';
const WORDS = 'words that are only hers';

/** Tokens of another tenant that has the same database. */
async function tokensOf(at: { tenant: string; project: string }, postgres: PostgresFixture, url: string) {
  const keys = createKeys(at);
  const redis = await connectRedis({ url, prefix: keys.prefix, name: 'other', kind: 'commands' });
  const config = {
    ...loadConfig(z.object(identitySettings), { SWITCHYARD_MASTER_KEY: MASTER_KEY }, 'other'),
    ...at,
  };
  const ids = createIds(systemClock, randomBytes);
  const identity = createIdentity({ sql: postgres.sql, redis, keys, clock: systemClock, ids, config });
  return {
    of: (userId: string, role: 'admin' | 'registered') =>
      identity.issueToken({ userId, username: userId, roles: [roleNames()[role]] }),
    close: () => redis.close(),
  };
}

test(
  'predictions, deliveries, jobs and sites of another user or another tenant are not there, and stay as they are',
  { timeout: 120_000 },
  async ({ rig, redis, postgres }) => {
    await rig.ship(ORACLE_DIR);
    const settings = { defaultBundle: 'oracle', rateRegistered: '100000/1m', ratePrivileged: '100000/1m' };
    const { url } = await redis.privateServer();
    const elsewhere = { tenant: `${redis.tenant}-other`, project: redis.project };
    const [here, there] = [
      await rig.start(settings),
      await rig.start({ ...settings, ...elsewhere, redisUrl: url }),
    ];
    const tokens = await tokensOf(elsewhere, postgres, url);
    const owner = askAt(here.port, await rig.token('registered'), redis);

    // A prediction whose delivery is refused, so that there is a dead job; and a site with a deploy.
    const body = { id: 'hers', input: { text: WORDS, n: 1 }, webhook: 'http://127.0.0.1:9/' };
    expect(await json(await owner(PREDICTIONS, { body }))).toMatchObject({ status: 'succeeded' });
    const jobs = () =>
      rig.sql<{ job_id: string }>(
        "select job_id from background_job where kind = 'webhook' and status = 'dead'",
      );
    await vi.waitFor(async () => expect(await jobs()).toHaveLength(1), PATIENT);
    const scope = `'${redis.tenant}', '${redis.project}'`;
    await rig.sql(`insert into web_site (tenant, project, alias) values (${scope}, 'hers')`);
    await rig.sql(
      `insert into web_deploy (tenant, project, alias, deploy_id, manifest, blobs, files, bytes, created_by)
        values (${scope}, 'hers', 'd-hers', '{}', '{}', 0, 0, 'root')`,
    );
    await rig.sql("update web_site set active_deploy = 'd-hers'");
    const [job] = await jobs();
    // Deliveries of predictions are no bundle's, and no address names them: this one is made such that one could.
    await rig.sql("update background_job set bundle_id = 'oracle' where status = 'dead'");
    const ids = {
      ...elsewhere,
      bundle: 'oracle',
      job: job?.job_id ?? '',
      alias: 'hers',
      deploy: 'd-hers',
      deploy_id: 'd-hers',
      site: 'hers',
      schedule: 'nobody',
      operation: 'nothing',
      tail: 'x',
      path: 'x',
    };
    const before = await rowsOfTenant(postgres.sql, redis.tenant);
    expect(before.join('\n')).toContain(WORDS);

    const seen: string[] = [];
    const strangers = {
      'another user': askAt(here.port, await rig.token('privileged'), redis),
      'the same user elsewhere': askAt(
        there.port,
        await tokens.of('registered-user', 'registered'),
        elsewhere,
      ),
      'an administrator elsewhere': askAt(there.port, await tokens.of('root', 'admin'), elsewhere),
    };
    for (const [who, ask] of Object.entries(strangers)) {
      const answers = [
        await ask(`${PREDICTIONS}/hers`),
        await ask(`${PREDICTIONS}/hers`, { headers: { accept: 'text/event-stream' } }),
        await ask(`${PREDICTIONS}/hers/cancel`, { method: 'POST' }),
      ];
      for (const answer of answers)
        if (answer.status !== 404) seen.push(`${who}: ${answer.status} ${await answer.text()}`);
      const list = await (await ask(PREDICTIONS)).text();
      if (list.includes('hers')) seen.push(`${who}: ${list}`);
      // The same id is another prediction: his own.
      const made = await json(
        await ask(`${PREDICTIONS}/hers`, { method: 'PUT', body: { input: { text: 'his' } } }),
      );
      if (JSON.stringify(made).includes(WORDS)) seen.push(`${who}: ${JSON.stringify(made)}`);
    }
    const admin = `Bearer ${await tokens.of('root', 'admin')}`;
    const origin = `http://127.0.0.1:${there.port}`;
    const rows = (await readRouteRows(origin)).filter(
      (row) => row.guard === 'admin' && row.parameters.some((name) => name !== 'bundle'),
    );
    expect(rows.length).toBeGreaterThan(8);
    for (const row of rows) {
      const answer = await fetch(`${origin}${addressOf(row, ids)}`, {
        method: row.method,
        headers: {
          authorization: admin,
          ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(row.body === undefined ? {} : { body: JSON.stringify(row.body) }),
      });
      const text = await answer.text();
      const isRefused = answer.status >= 400 && answer.status < 500;
      if (!(isRefused || row.method === 'GET') || text.includes('d-hers') || text.includes(WORDS))
        seen.push(`${row.method} ${row.path}: ${answer.status} ${text.slice(0, 200)}`);
    }
    await tokens.close();
    expect(seen).toEqual([]);
    // Another user's own prediction is a row more; nothing of hers is another one.
    const after = new Set(await rowsOfTenant(postgres.sql, redis.tenant));
    expect(before.filter((row) => !after.has(row))).toEqual([]);
  },
);
