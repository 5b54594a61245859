import { platformTest } from '@switchyard/testkit';
import { hashHex } from '@switchyard/kernel';
import { describe, expect } from 'vitest';
import { bearer, nobody, identityFixture } from '../test/identity-fixture.ts';
import type { Open } from '../test/identity-fixture.ts';

const test = platformTest.extend<{ open: Open }>(identityFixture);

const ANN = { userId: 'ann', username: 'Ann', roles: ['kdcube:role:super-admin'] };

describe('one-time links', () => {
  test('of twenty who open it at once exactly one is signed in', async ({ open, postgres }) => {
    const { identity } = open();
    const { code } = await identity.createRedeemLink(ANN);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => identity.redeem(code, 'test browser')),
    );
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(refused).toHaveLength(19);
    for (const reason of refused)
      expect(reason).toMatchObject({ status: 401, errorType: 'auth.link_refused' });
    const rows = await postgres.sql.query({ text: 'select user_id, method, user_agent from sign_in' });
    expect(rows).toEqual([{ user_id: 'ann', method: 'link', user_agent: 'test browser' }]);
  });

  test('runs out, knows nothing of made-up codes, and is not in Redis in clear', async ({ open, redis }) => {
    const short = open({ REDEEM_LINK_TTL: '1ms' });
    const { code } = await short.identity.createRedeemLink(ANN);
    const key = short.keys.authRedeem(hashHex(code));
    await expect.poll(() => short.connection.driver.exists(key)).toBe(0);
    const { identity } = open();
    for (const made of ['', 'x', '../..', code]) {
      await expect(identity.redeem(made)).rejects.toMatchObject({ status: 401 });
    }
    const { code: live } = await identity.createRedeemLink(ANN);
    const pattern = `*${redis.tenant}*auth:redeem*`;
    const keys = await redis.command(
      'EVAL',
      `return table.concat(redis.call('KEYS', '${pattern}'), ' ')`,
      '0',
    );
    expect(keys).toContain('auth:redeem');
    expect(keys).not.toContain(live);
  });

  test('a link does not change a user that exists, and a disabled one stays out', async ({
    open,
    postgres,
  }) => {
    const { identity } = open();
    await identity.createRedeemLink({ userId: 'ann', roles: [] });
    const { code } = await identity.createRedeemLink(ANN);
    expect(await postgres.sql.query({ text: 'select user_type, roles from app_user' })).toEqual([
      { user_type: 'registered', roles: [] },
    ]);
    await postgres.sql.query({ text: 'update app_user set disabled_at = now()' });
    await expect(identity.redeem(code)).rejects.toMatchObject({ errorType: 'auth.link_refused' });
  });
});

describe('the masked cookie', () => {
  test('stands for a token that Redis does not hold in clear', async ({ open }) => {
    const { identity, vault, connection, keys } = open();
    const { code } = await identity.createRedeemLink(ANN);
    const { maskedCookie, setCookie, userId } = await identity.redeem(code);
    expect(userId).toBe('ann');
    expect(maskedCookie).toMatch(/^[\w-]{43}$/);
    expect(setCookie).toBe(
      `__Secure-LMTC=${maskedCookie}; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
    const token = (await vault.unmask(maskedCookie)) ?? '';
    expect(await identity.identify(bearer(token))).toMatchObject({
      userId: 'ann',
      username: 'Ann',
      userType: 'privileged',
    });
    const record = Buffer.from(
      (await connection.driver.get(keys.authMasked(vault.hashOf(maskedCookie)))) ?? '',
      'base64',
    );
    expect(record.toString('latin1')).not.toContain(token.split('.')[1]);
  });

  test('unknown, malformed, moved and tampered ones open nothing', async ({ open }) => {
    const { vault, clock, connection, keys } = open();
    const expiresAt = clock.now() + 60_000;
    const [one, two] = [await vault.mask('token-one', expiresAt), await vault.mask('token-two', expiresAt)];
    expect(await vault.unmask(one)).toBe('token-one');
    for (const cookie of ['', 'x', '*', 'A'.repeat(43), `${one}x`])
      expect(await vault.unmask(cookie)).toBeUndefined();
    const keyOf = (cookie: string) => keys.authMasked(vault.hashOf(cookie));
    await connection.driver.set(keyOf(two), (await connection.driver.get(keyOf(one))) ?? '');
    expect(await vault.unmask(two)).toBeUndefined();
    await connection.driver.set(keyOf(one), 'AAAA');
    expect(await vault.unmask(one)).toBeUndefined();
  });

  test('ends with its token, with another master key, and when dropped', async ({ open }) => {
    const { vault, clock, connection, keys } = open();
    const cookie = await vault.mask('token', clock.now() + 60_000);
    const remaining = await connection.driver.pttl(keys.authMasked(vault.hashOf(cookie)));
    expect(remaining).toBeGreaterThan(55_000);
    expect(remaining).toBeLessThanOrEqual(60_000);
    const other = open({ SWITCHYARD_MASTER_KEY: 'another-master-key-of-more-than-32-characters' }).vault;
    expect(await other.unmask(cookie)).toBeUndefined();
    expect(await vault.drop(cookie)).toBe(true);
    expect(await vault.drop(cookie)).toBe(false);
    expect(await vault.unmask(cookie)).toBeUndefined();
  });
});

describe('logout', () => {
  test('ends this sign-in and no other, forgets the session, clears the cookies', async ({
    open,
    postgres,
  }) => {
    const { identity, vault } = open();
    const signIn = async () => identity.redeem((await identity.createRedeemLink(ANN)).code);
    const [here, there] = [await signIn(), await signIn()];
    const caller = await identity.identify(bearer((await vault.unmask(here.maskedCookie)) ?? ''));
    const { invalidated, setCookies } = await identity.logout(caller);
    expect(invalidated).toBe(true);
    expect(setCookies).toHaveLength(4);
    expect(
      setCookies.every((cookie) =>
        /^__Secure-\w+=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Lax$/.test(cookie),
      ),
    ).toBe(true);
    expect(await vault.unmask(here.maskedCookie)).toBeUndefined();
    expect(await vault.unmask(there.maskedCookie)).toBeDefined();
    expect(
      await postgres.sql.query({ text: 'select count(*) as live from sign_in where ended_at is null' }),
    ).toEqual([{ live: 1 }]);
    expect(await identity.logout(caller)).toMatchObject({ invalidated: false });
  });

  test('of nobody is no error', async ({ open }) => {
    const { identity } = open();
    expect(await identity.logout(await identity.identify(nobody()))).toMatchObject({ invalidated: true });
  });
});

describe('stream tickets', () => {
  test('stand for the caller once, for users and for anonymous ones', async ({ open }) => {
    const { identity } = open();
    const withTicket = (ticket: string) => ({
      headers: {},
      query: { stream_ticket: ticket },
      allowQueryToken: true,
    });
    const callers = [
      await identity.identify(bearer(await identity.issueToken(ANN))),
      await identity.identify(nobody()),
    ];
    for (const caller of callers) {
      const { ticket } = await identity.createStreamTicket(caller);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => identity.identify(withTicket(ticket))),
      );
      const proved = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(proved).toHaveLength(1);
      const { setCookies: _setCookies, ...expected } = caller;
      expect(proved[0]).toEqual(expected);
    }
  });

  test('live for thirty seconds, and not in a query that takes no tokens', async ({ open, redis }) => {
    const { identity } = open();
    const { ticket } = await identity.createStreamTicket(await identity.identify(nobody()));
    const ttl = await redis.command(
      'EVAL',
      `return redis.call('PTTL', redis.call('KEYS', '*${redis.tenant}*auth:ticket*')[1])`,
      '0',
    );
    expect(Number(ttl.slice(1))).toBeGreaterThan(25_000);
    expect(Number(ttl.slice(1))).toBeLessThanOrEqual(30_000);
    const carriers = { headers: {}, query: { stream_ticket: ticket }, allowQueryToken: false };
    await expect(identity.identify(carriers)).rejects.toMatchObject({ code: 'BAD_TOKEN' });
  });
});
