import { platformTest } from '@switchyard/testkit';
import { PlatformError } from '@switchyard/kernel';
import { describe, expect } from 'vitest';
import { bearer, identityFixture } from '../test/identity-fixture.ts';
import type { Open } from '../test/identity-fixture.ts';
import { readMasterKeys } from './master-keys.ts';
import { createRenewals } from './renewals.ts';

const test = platformTest.extend<{ open: Open }>(identityFixture);

const ANN = { userId: 'ann', username: 'Ann', roles: ['kdcube:role:paid'] };
const LOGIN = { SIGN_IN_PATH: '/auth/sign-in' };

type Opened = ReturnType<Open>;

async function signIn({ identity }: Opened, refreshToken?: string) {
  await identity.createRedeemLink(ANN);
  const issuer = refreshToken === undefined ? undefined : { provider: 'oidc', sid: 'sid-1', refreshToken };
  return identity.signIns.open({
    userId: 'ann',
    method: 'test',
    ...(issuer === undefined ? {} : { issuer }),
  });
}

/** What Redis does by itself when a token's time is over. */
const dropToken = ({ connection, keys, vault }: Opened, cookie: string) =>
  connection.driver.del(keys.authMasked(vault.hashOf(cookie)));

const renewalsOf = ({ connection, keys, clock, ids, config }: Opened) =>
  createRenewals({
    redis: connection,
    keys,
    clock,
    ids,
    masterKeys: readMasterKeys(config),
    aheadMs: config.renewAhead,
  });

describe('renewal behind the cookie', () => {
  test('the token is short, the cookie stays, and the next token is another one', async ({ open }) => {
    const opened = open({ ...LOGIN, BROWSER_TOKEN_TTL: '15m', RENEW_AHEAD: '1m' });
    const { identity, vault, connection, keys } = opened;
    const { maskedCookie } = await signIn(opened);
    const first = await vault.unmask(maskedCookie);
    const left = await connection.driver.pttl(keys.authMasked(vault.hashOf(maskedCookie)));
    expect(left).toBeGreaterThan(13 * 60_000);
    expect(left).toBeLessThanOrEqual(14 * 60_000);
    await dropToken(opened, maskedCookie);
    expect(await vault.unmask(maskedCookie)).toBeUndefined();
    expect(await identity.signIns.renew(maskedCookie)).toBe('renewed');
    const second = (await vault.unmask(maskedCookie)) ?? '';
    expect(second).not.toBe(first);
    expect(await identity.identify(bearer(second))).toMatchObject({ userId: 'ann', userType: 'paid' });
  });

  test('a sign-in that nobody uses is over, and one that is used is not', async ({ open, postgres }) => {
    const opened = open({ ...LOGIN, SIGN_IN_IDLE_TTL: '2h', PROVE_AGAIN_AFTER: '30m' });
    const { identity } = opened;
    const { maskedCookie } = await signIn(opened);
    const [row] = await identity.signIns.list('ann');
    const id = row?.sign_in_id ?? '';
    expect(await identity.signIns.isFresh('ann', id)).toBe(true);
    expect(await identity.signIns.isFresh('bob', id)).toBe(false);
    const wait = (hours: number) =>
      postgres.sql.query({
        text: `update sign_in set created_at = created_at - $1 * interval '1 hour', renewed_at = renewed_at - $1 * interval '1 hour'`,
        values: [hours],
      });
    for (let count = 0; count < 3; count++) {
      await wait(1.9);
      await dropToken(opened, maskedCookie);
      expect(await identity.signIns.renew(maskedCookie)).toBe('renewed');
    }
    expect(await identity.signIns.isFresh('ann', id)).toBe(false);
    expect(await identity.signIns.list('ann')).toHaveLength(1);
    await wait(2.1);
    expect(await identity.signIns.list('ann')).toEqual([]);
    await dropToken(opened, maskedCookie);
    expect(await identity.signIns.renew(maskedCookie)).toBe('ended');
    expect(await renewalsOf(opened).isRenewable(maskedCookie)).toBe(false);
  });

  test('a limit that ends sign-ins in use is no setting', ({ open }) => {
    expect(() => open({ ...LOGIN, SIGN_IN_IDLE_TTL: '20m', BROWSER_TOKEN_TTL: '15m' })).toThrow(
      'SIGN_IN_IDLE_TTL',
    );
  });

  test('a hundred requests in three processes ask the issuer once', async ({ open }) => {
    const all = [open(LOGIN), open(LOGIN), open(LOGIN)];
    const [one] = all;
    if (one === undefined) throw new Error('nothing was opened');
    const { maskedCookie } = await signIn(one, 'refresh-1');
    await dropToken(one, maskedCookie);
    const asked: string[] = [];
    const ask = async (refreshToken: string) => {
      asked.push(refreshToken);
      return { refreshToken: `refresh-${asked.length + 1}` };
    };
    const renewAll = () =>
      Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          (all[index % 3] ?? one).identity.signIns.renew(maskedCookie, ask),
        ),
      );
    expect(new Set(await renewAll())).toEqual(new Set(['renewed']));
    expect(asked).toEqual(['refresh-1']);
    await dropToken(one, maskedCookie);
    await renewAll();
    expect(asked).toEqual(['refresh-1', 'refresh-2']);
  });

  test('an issuer that says no ends the sign-in; one that is away does not', async ({ open, postgres }) => {
    const opened = open(LOGIN);
    const { identity, vault } = opened;
    const { maskedCookie } = await signIn(opened, 'refresh-1');
    await dropToken(opened, maskedCookie);
    const away = () => Promise.reject(PlatformError.of('UNAVAILABLE'));
    await expect(identity.signIns.renew(maskedCookie, away)).rejects.toMatchObject({ status: 503 });
    expect(await renewalsOf(opened).isRenewable(maskedCookie)).toBe(true);
    expect(await identity.signIns.renew(maskedCookie, async () => undefined)).toBe('ended');
    expect(await vault.unmask(maskedCookie)).toBeUndefined();
    expect(await renewalsOf(opened).isRenewable(maskedCookie)).toBe(false);
    const live = await postgres.sql.query({ text: 'select 1 from sign_in where ended_at is null' });
    expect(live).toEqual([]);
  });

  test('what ended while it was being renewed stays ended', async ({ open }) => {
    const opened = open(LOGIN);
    const { identity, vault } = opened;
    const { maskedCookie } = await signIn(opened, 'refresh-1');
    await dropToken(opened, maskedCookie);
    const outcome = identity.signIns.renew(maskedCookie, async () => {
      await identity.signIns.endAll('ann');
      return { refreshToken: 'refresh-2' };
    });
    expect(await outcome).toBe('ended');
    expect(await vault.unmask(maskedCookie)).toBeUndefined();
  });

  test('a user who was switched off gets no further token', async ({ open, postgres }) => {
    const opened = open(LOGIN);
    const { maskedCookie } = await signIn(opened);
    await dropToken(opened, maskedCookie);
    await postgres.sql.query({ text: 'update app_user set disabled_at = now()' });
    expect(await opened.identity.signIns.renew(maskedCookie)).toBe('ended');
  });

  test('cookies that are not ours have no renewal, and no refresh token is in Redis in clear', async ({
    open,
    redis,
  }) => {
    const opened = open(LOGIN);
    const { maskedCookie } = await signIn(opened, 'a-refresh-token-of-the-issuer');
    for (const cookie of ['', 'x', 'A'.repeat(43)]) {
      expect(await renewalsOf(opened).isRenewable(cookie)).toBe(false);
      expect(await opened.identity.signIns.renew(cookie)).toBe('ended');
    }
    const { driver } = opened.connection;
    const stored = await driver.get(opened.keys.authRenewal(opened.vault.hashOf(maskedCookie)));
    expect(Buffer.from(stored ?? '', 'base64').toString('latin1')).not.toContain('a-refresh-token');
    expect(stored).not.toContain(maskedCookie);
    expect(redis.prefix).toContain(':');
  });
});

describe('sign-ins', () => {
  test('are listed by user and ended one by one, all, all but this one, or by their issuer', async ({
    open,
  }) => {
    const opened = open(LOGIN);
    const { identity, vault } = opened;
    const { signIns } = identity;
    const three = [await signIn(opened), await signIn(opened), await signIn(opened, 'refresh')];
    const listed = await signIns.list('ann');
    expect(listed.map((row) => row.provider)).toEqual(['oidc', null, null]);
    expect(await signIns.end('bob', listed[0]?.sign_in_id ?? '')).toBe(false);
    expect(await signIns.end('ann', listed[2]?.sign_in_id ?? '')).toBe(true);
    expect(await vault.unmask(three[0]?.maskedCookie ?? '')).toBeUndefined();
    expect(await signIns.endByIssuer('oidc', { issuerSid: 'sid-2' })).toEqual([]);
    expect(await signIns.endByIssuer('oidc', {})).toEqual([]);
    expect(await signIns.endByIssuer('oidc', { issuerSid: 'sid-1' })).toEqual(['ann']);
    expect(await vault.unmask(three[2]?.maskedCookie ?? '')).toBeUndefined();
    const [left] = await signIns.list('ann');
    expect(await signIns.endAll('ann', left?.sign_in_id)).toBe(0);
    expect(await signIns.endAll('ann')).toBe(1);
    expect(await signIns.list('ann')).toEqual([]);
  });
});
