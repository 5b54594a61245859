import { createSealedRows, openStore } from '@switchyard/store';
import { platformTest, waitUntil } from '@switchyard/testkit';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { describe, expect } from 'vitest';
import { bearer, nobody, settings } from '../test/identity-fixture.ts';
import { createIdentity } from './create-identity.ts';
import { deriveKeys } from './derive-key.ts';
import { openKeptKeys } from './kept-keys.ts';
import { readMasterKeys } from './master-keys.ts';
import { createResealer } from './reseal-rows.ts';
import { seal, unseal } from './seal.ts';
import { createTokenVault } from './token-vault.ts';

const OLD = 'the-first-master-key-of-32-chars-or-more';
const NEW = 'the-second-master-key-of-32-chars-or-more';
const THIRD = 'the-third-master-key-of-32-chars-or-more';
const ANN = { userId: 'ann', username: 'Ann', roles: [] };
const ids = createIds(systemClock, randomBytes);

interface Servers {
  redis: RedisFixture;
  postgres: PostgresFixture;
}

/** One process of the installation, with these master keys; the stores are shared. */
type Start = (current: string, former?: string) => ReturnType<typeof startProcess>;

async function startProcess(
  { redis, postgres }: Servers,
  connection: Awaited<ReturnType<typeof connectRedis>>,
  current: string,
  former = '',
) {
  const config = {
    ...settings({
      SWITCHYARD_MASTER_KEY: current,
      SWITCHYARD_MASTER_KEY_FORMER: former,
      SIGN_IN_PATH: '/auth/sign-in',
    }),
    tenant: redis.tenant,
    project: redis.project,
  };
  const keys = createKeys(redis);
  const { sql } = postgres;
  const kept = await openKeptKeys({ sql, ids, config });
  const shared = { redis: connection, keys, clock: systemClock, ids };
  const identity = createIdentity({ ...shared, sql, config, kept });
  await identity.check();
  const vault = createTokenVault({ ...shared, masterKeys: readMasterKeys(config) });
  const dropToken = (cookie: string) => connection.driver.del(keys.authMasked(vault.hashOf(cookie)));
  return { identity, vault, kept, dropToken };
}

const test = platformTest.extend<{ start: Start }>({
  start: async ({ redis, postgres }, use) => {
    const connection = await connectRedis({ url: redis.url, name: 'identity-test', kind: 'commands' });
    await use((current, former) => startProcess({ redis, postgres }, connection, current, former));
    await connection.close();
  },
});

const hex = (keys: readonly Buffer[]) => keys.map((key) => key.toString('hex'));
/** Undefined: it did not fail. */
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const rowsOf = (postgres: PostgresFixture) =>
  postgres.sql.query<{ sealed: string }>({
    text: `select encode(sealed, 'hex') as sealed from signing_key union all select encode(sealed, 'hex') from kept_key order by 1`,
  });
const cookieOf = (lines: readonly string[] | undefined, name = '__Secure-SYAN') =>
  (lines ?? []).map((line) => line.split(';', 1)[0] ?? '').find((pair) => pair.startsWith(`${name}=`)) ?? '';

describe('a master key that is replaced', () => {
  test('nobody is signed out, and sessions stay what they are', async ({ start }) => {
    const before = await start(OLD);
    const token = await before.identity.issueToken(ANN);
    const caller = await before.identity.identify(bearer(token));
    const { code } = await before.identity.createRedeemLink(ANN);
    const { maskedCookie } = await before.identity.redeem(code);
    const guest = await before.identity.identify(nobody());
    const guestCookie = cookieOf(guest.setCookies);

    const between = await start(NEW, OLD);
    expect(await between.identity.identify(bearer(token))).toMatchObject({ sessionId: caller.sessionId });
    const behind = (await between.vault.unmask(maskedCookie)) ?? '';
    expect(await between.identity.identify(bearer(behind))).toMatchObject({ userId: 'ann' });
    const known = await between.identity.identify(nobody({ cookie: guestCookie }));
    expect([known.userId, known.sessionId]).toEqual([guest.userId, guest.sessionId]);
    const anew = cookieOf(known.setCookies);
    expect(anew).not.toBe('');
    // Its time comes as it comes to every token, and the next one is made with what the former key had sealed.
    await between.dropToken(maskedCookie);
    expect(await between.identity.signIns.renew(maskedCookie)).toBe('renewed');

    const after = await start(NEW);
    expect(await after.identity.identify(bearer(token))).toMatchObject({ sessionId: caller.sessionId });
    expect(after.identity.sessionIdOf('ann')).toBe(caller.sessionId);
    const renewed = (await after.vault.unmask(maskedCookie)) ?? '';
    expect(await after.identity.identify(bearer(renewed))).toMatchObject({ sessionId: caller.sessionId });
    await after.dropToken(maskedCookie);
    expect(await after.identity.signIns.renew(maskedCookie)).toBe('renewed');
    const again = await after.identity.identify(nobody({ cookie: anew }));
    expect([again.userId, again.sessionId]).toEqual([guest.userId, guest.sessionId]);
    // Whoever has the former key can make this one.
    expect(await after.identity.identify(nobody({ cookie: guestCookie }))).not.toMatchObject({
      userId: guest.userId,
    });
  });

  test('one that fits nothing refuses the start, also beside one that fits nothing', async ({ start }) => {
    await start(OLD);
    await expect(start(NEW)).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(start(NEW, THIRD)).rejects.toMatchObject({ code: 'CONFIG' });
    await start(NEW, OLD);
    await expect(start(OLD)).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(start(THIRD)).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(start(NEW, 'too short')).rejects.toThrow('SWITCHYARD_MASTER_KEY_FORMER');
    await start(NEW);
  });

  test('many processes at once take over once', async ({ start, postgres }) => {
    await start(OLD);
    const started = await Promise.all(Array.from({ length: 8 }, () => start(NEW, OLD)));
    const peppers = started.map(({ kept }) => hex(kept.allOf('password-pepper')));
    expect(new Set(peppers.map(String)).size).toBe(1);
    expect(peppers[0]).toHaveLength(2);
    const sealed = await rowsOf(postgres);
    // A signing key, the name of sessions, and what seasons passwords and recovery codes.
    expect(sealed).toHaveLength(4);
    await start(NEW, OLD);
    expect(await rowsOf(postgres)).toEqual(sealed);
  });

  test('one process after another: each knows the other key before anybody uses it', async ({ start }) => {
    const first = await start(OLD);
    const sessionId = first.identity.sessionIdOf('ann');
    const waiting = await start(OLD, NEW);
    const ahead = await start(NEW, OLD);
    // One that is still of the first round, and dies and comes back in the middle of the second.
    const backAgain = await start(OLD, NEW);
    for (const maker of [waiting, ahead, backAgain]) {
      const { code } = await maker.identity.createRedeemLink(ANN);
      const { maskedCookie } = await maker.identity.redeem(code);
      for (const reader of [waiting, ahead, backAgain]) {
        const token = (await reader.vault.unmask(maskedCookie)) ?? '';
        expect(await reader.identity.identify(bearer(token))).toMatchObject({ sessionId });
      }
    }
    await start(NEW, OLD);
    expect((await start(NEW)).identity.sessionIdOf('ann')).toBe(sessionId);
  });

  test('over several replacements sessions keep their names, and the last seasonings are kept', async ({
    start,
  }) => {
    const sessionId = (await start(OLD)).identity.sessionIdOf('ann');
    const all = [OLD, NEW, THIRD, `${THIRD}-4`, `${THIRD}-5`];
    for (const [at, former] of all.slice(0, -1).entries()) await start(all[at + 1] ?? '', former);
    const { identity, kept } = await start(all.at(-1) ?? '');
    expect(identity.sessionIdOf('ann')).toBe(sessionId);
    expect(kept.allOf('password-pepper')).toHaveLength(4);
  });

  test('who is killed in the middle has changed nothing', async ({ start, postgres }) => {
    await start(OLD);
    const before = await rowsOf(postgres);
    const blocker = await openStore({ url: postgres.url, poolSize: 2, applicationName: 'blocker' });
    await blocker.sql.tx(async (tx) => {
      await tx.query({ text: 'lock table kept_key in access exclusive mode' });
      const failed = failureOf(start(NEW, OLD));
      // It has sealed the signing key anew, in a transaction that stands here.
      await waitUntil('the take-over stands', async () => {
        const killed = await blocker.sql.query({
          text: `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like '%kept_key%' and pid <> pg_backend_pid()`,
        });
        return killed.length > 0;
      });
      expect(await failed).toBeInstanceOf(Error);
    });
    await blocker.close();
    expect(await rowsOf(postgres)).toEqual(before);
    await start(OLD);
    await start(NEW, OLD);
    await start(NEW);
  });
});

describe('what is sealed in rows', () => {
  const config = (current: string, former = '') =>
    settings({ SWITCHYARD_MASTER_KEY: current, SWITCHYARD_MASTER_KEY_FORMER: former });
  const PURPOSE = 'totp-secret';
  const COUNT = 1_201;
  const keyOf = (current: string) => deriveKeys(readMasterKeys(config(current)), PURPOSE).current;

  async function fill({ postgres, redis }: Servers) {
    await postgres.sql.query({
      text: `insert into app_user (tenant, project, user_id, user_type)
        select $1, $2, 'u-' || n, 'registered' from generate_series(0, $3::int - 1) as n`,
      values: [redis.tenant, redis.project, COUNT],
    });
    const rows = createSealedRows(postgres.sql, redis, 'totpSecrets');
    const userIds = Array.from({ length: COUNT }, (_, at) => `u-${at}`);
    const former = keyOf(OLD);
    const sealed = userIds.map((userId) => seal(former, randomBytes(12), Buffer.from(userId), userId));
    await postgres.sql.query({
      text: `update app_user set totp_sealed = given.sealed from unnest($1::text[], $2::bytea[]) as given (user_id, sealed)
        where app_user.user_id = given.user_id`,
      values: [userIds, sealed],
    });
    const countOf = async (current: string) => {
      const key = keyOf(current);
      const found = await postgres.sql.query<{ user_id: string; totp_sealed: Buffer }>({
        text: 'select user_id, totp_sealed from app_user',
      });
      return found.filter((row) => unseal(key, row.totp_sealed, row.user_id)?.toString() === row.user_id)
        .length;
    };
    return { rows, countOf };
  }

  const resealerOf = ({ postgres }: Servers, rows: ReturnType<typeof createSealedRows>, current = NEW) =>
    createResealer({
      sql: postgres.sql,
      rows,
      masterKeys: readMasterKeys(config(current, OLD)),
      ids,
      purpose: PURPOSE,
      contextOf: (row) => row.user_id,
      lockName: 'test',
      log: { info: () => undefined, warn: () => undefined },
    });

  test('is sealed anew page by page, by whoever comes, and goes on after a kill', async ({
    redis,
    postgres,
  }) => {
    const servers = { redis, postgres };
    const { rows, countOf } = await fill(servers);
    const blocker = await openStore({ url: postgres.url, poolSize: 2, applicationName: 'blocker' });
    await blocker.sql.tx(async (tx) => {
      // In the third page.
      await tx.query({ text: "select 1 from app_user where user_id = 'u-999' for update" });
      const failed = failureOf(resealerOf(servers, rows).sweep());
      await waitUntil('the sweep stands', async () => {
        const killed = await blocker.sql.query({
          text: `select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like 'update app_user%'`,
        });
        return killed.length > 0;
      });
      expect(await failed).toBeInstanceOf(Error);
    });
    await blocker.close();
    expect([await countOf(NEW), await countOf(OLD)]).toEqual([1_000, 201]);
    const sweeps = await Promise.all([1, 2, 3].map(() => resealerOf(servers, rows).sweep()));
    expect(sweeps.reduce((sum, done) => sum + (done?.anew ?? 0), 0)).toBe(201);
    expect([await countOf(NEW), await countOf(OLD)]).toEqual([COUNT, 0]);
    expect(await resealerOf(servers, rows).sweep()).toEqual({ anew: 0, lost: 0 });
  });

  test('what nobody can open stays and is counted', async ({ redis, postgres }) => {
    const { rows, countOf } = await fill({ redis, postgres });
    await postgres.sql.query({ text: "update app_user set totp_sealed = 'x' where user_id = 'u-7'" });
    expect(await resealerOf({ redis, postgres }, rows).sweep()).toEqual({ anew: COUNT - 1, lost: 1 });
    expect(await countOf(NEW)).toBe(COUNT - 1);
  });

  test('what was changed meanwhile is not overwritten, in a table with names of three parts too', async ({
    redis,
    postgres,
  }) => {
    await postgres.sql.query({
      text: `insert into prediction (tenant, project, bundle_id, user_id, prediction_id, is_async, input, shown_created_at, shown_started_at, sealed)
        select $1, $2, 'b' || n % 3, 'ann', 'p' || n, true, '{}', '', '', 'old' from generate_series(1, 7) as n`,
      values: [redis.tenant, redis.project],
    });
    const rows = createSealedRows(postgres.sql, redis, 'predictionRequests');
    const seen = [];
    let after: readonly string[] | undefined;
    for (;;) {
      const page = await rows.list(after, 2);
      if (page.length === 0) break;
      seen.push(...page);
      after = page.at(-1)?.name;
    }
    expect(new Set(seen.map((row) => row.name.join('/'))).size).toBe(7);
    await postgres.sql.query({ text: "update prediction set sealed = 'changed' where prediction_id = 'p3'" });
    const anew = Buffer.from('new');
    expect(await rows.replace(seen.map(({ name, sealed: former }) => ({ name, former, sealed: anew })))).toBe(
      6,
    );
    const left = await postgres.sql.query<{ prediction_id: string; text: string }>({
      text: "select prediction_id, convert_from(sealed, 'utf8') as text from prediction where sealed <> 'new'",
    });
    expect(left).toEqual([{ prediction_id: 'p3', text: 'changed' }]);
  });
});
