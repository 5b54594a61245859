import { platformTest } from '@switchyard/testkit';
import { decideUserType, roleNames } from '@switchyard/protocol';
import { connectRedis } from '@switchyard/redis';
import { describe, expect, test as unitTest } from 'vitest';
import { bearer, nobody, identityFixture } from '../test/identity-fixture.ts';
import type { Open } from '../test/identity-fixture.ts';
import { requireAnyRole, requireUser, rolesOfUserType } from './caller.ts';
import { createSessionStore } from './session-store.ts';

const test = platformTest.extend<{ open: Open }>(identityFixture);

const ANN = { userId: 'ann', roles: [] };
const cookieOf = (setCookies: readonly string[] | undefined) => (setCookies?.[0] ?? '').split(';')[0] ?? '';

describe('carriers', () => {
  test('header, cookie, query where allowed, and a handshake all prove the same caller', async ({ open }) => {
    const { identity } = open();
    const token = await identity.issueToken(ANN);
    const callers = await Promise.all([
      identity.identify(bearer(token)),
      identity.identify(nobody({ cookie: `other=1; __Secure-LATC=${token}` })),
      identity.identify({ headers: {}, cookies: { '__Secure-LATC': token }, allowQueryToken: false }),
      identity.identify({ headers: {}, query: { bearer_token: token }, allowQueryToken: true }),
      identity.identify({ headers: {}, auth: { bearer_token: token }, allowQueryToken: false }),
    ]);
    expect(new Set(callers.map((caller) => caller.sessionId)).size).toBe(1);
    expect(callers.every((caller) => caller.kind === 'user' && caller.setCookies === undefined)).toBe(true);
  });

  test('what is there and is not a good credential is 401, never anonymous', async ({ open }) => {
    const { identity } = open();
    const token = await identity.issueToken(ANN);
    const bad = [
      nobody({ authorization: 'Basic YTpi' }),
      nobody({ authorization: 'Bearer' }),
      nobody({ authorization: 'Bearer a b' }),
      nobody({ cookie: '__Secure-LATC=nonsense' }),
      { headers: {}, query: { bearer_token: 'nonsense' }, allowQueryToken: true },
      { headers: {}, query: { bearer_token: [token, token] }, allowQueryToken: true },
      { headers: {}, query: { bearer_token: token }, allowQueryToken: false },
      { headers: {}, query: { stream_ticket: 'x' }, allowQueryToken: true },
      { headers: {}, auth: { bearer_token: { token } }, allowQueryToken: false },
    ];
    for (const carriers of bad) {
      await expect(identity.identify(carriers)).rejects.toMatchObject({ status: 401, code: 'BAD_TOKEN' });
    }
  });

  test('roles decide the user type', async ({ open }) => {
    const { identity } = open();
    const typeOf = async (...roles: string[]) =>
      (await identity.identify(bearer(await identity.issueToken({ userId: 'u', roles })))).userType;
    expect(await typeOf()).toBe('registered');
    expect(await typeOf('kdcube:role:paid')).toBe('paid');
    expect(await typeOf('kdcube:role:paid', 'kdcube:role:admin')).toBe('privileged');
    expect(await typeOf('admin', 'super-admin')).toBe('registered');
  });
});

describe('sessions', () => {
  test('one per user, the same everywhere and after Redis lost everything; it begins once and slides', async ({
    open,
    redis,
  }) => {
    const { identity, clock, connection, keys } = open({ SESSION_TTL: '24h' });
    const token = await identity.issueToken(ANN, { ttlMs: 1e9 });
    const first = await identity.identify(bearer(token));
    clock.forward(5000);
    const later = await identity.identify(bearer(token));
    expect(later.sessionCreatedAt).toBe(first.sessionCreatedAt);
    expect(await connection.driver.pttl(keys.authSession(first.sessionId))).toBeGreaterThan(86_300_000);
    const stored = await connection.driver.hgetall(keys.authSession(first.sessionId));
    expect(JSON.stringify(stored)).not.toContain(token);
    expect(stored).toMatchObject({ user_id: 'ann', user_type: 'registered' });
    await redis.flush();
    // Within five seconds this process still goes by what it remembers; then it begins anew.
    expect((await identity.identify(bearer(token))).sessionCreatedAt).toBe(first.sessionCreatedAt);
    clock.forward(5000);
    const again = await identity.identify(bearer(token));
    expect(again.sessionId).toBe(first.sessionId);
    expect(again.sessionCreatedAt).toBeGreaterThan(first.sessionCreatedAt);
  });

  test('differs by user and by scope', async ({ open, redis }) => {
    const [here, there] = [open(), open({}, { tenant: redis.tenant, project: 'other' })];
    const session = async ({ identity }: ReturnType<typeof open>, userId: string) =>
      (await identity.identify(bearer(await identity.issueToken({ userId, roles: [] })))).sessionId;
    const ids = [await session(here, 'ann'), await session(here, 'bob'), await session(there, 'ann')];
    expect(new Set(ids).size).toBe(3);
  });

  test("somebody else's User-Session-ID is 403, from the header and from the query", async ({ open }) => {
    const { identity } = open();
    const ann = await identity.identify(bearer(await identity.issueToken(ANN)));
    const token = await identity.issueToken({ userId: 'bob', roles: [] });
    const foreign = { status: 403, code: 'FOREIGN_SESSION' };
    await expect(
      identity.identify(bearer(token, { 'user-session-id': ann.sessionId })),
    ).rejects.toMatchObject(foreign);
    const query = { user_session_id: ann.sessionId };
    await expect(identity.identify({ ...bearer(token), query })).rejects.toMatchObject(foreign);
    await expect(identity.identify({ ...nobody(), query })).rejects.toMatchObject(foreign);
    const own = await identity.identify(bearer(token));
    expect(await identity.identify(bearer(token, { 'user-session-id': own.sessionId }))).toMatchObject({
      userId: 'bob',
    });
  });
});

describe('anonymous', () => {
  test('a signed cookie keeps the session; a changed, foreign or old one starts a new session', async ({
    open,
    redis,
  }) => {
    const { identity, clock } = open({ ANONYMOUS_TTL: '30d' });
    const first = await identity.identify(nobody());
    expect(first).toMatchObject({ kind: 'anonymous', userType: 'anonymous', roles: [] });
    expect(first.setCookies?.[0]).toMatch(
      /^__Secure-SYAN=v1\..+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const cookie = cookieOf(first.setCookies);
    const again = await identity.identify(nobody({ cookie }));
    expect(again).toMatchObject({ sessionId: first.sessionId, fingerprint: first.fingerprint });
    expect(again.setCookies).toBeUndefined();
    const elsewhere = open({}, { tenant: redis.tenant, project: 'other' }).identity;
    expect((await elsewhere.identify(nobody({ cookie }))).fingerprint).not.toBe(first.fingerprint);
    const changed = cookie.replace(/v1\.(.)/, (_all, letter: string) => `v1.${letter === 'A' ? 'B' : 'A'}`);
    for (const other of [changed, '__Secure-SYAN=x', cookie.slice(0, -1)]) {
      expect((await identity.identify(nobody({ cookie: other }))).sessionId).not.toBe(first.sessionId);
    }
    clock.forward(16 * 86_400_000);
    const renewed = await identity.identify(nobody({ cookie }));
    expect(renewed.sessionId).toBe(first.sessionId);
    expect(cookieOf(renewed.setCookies)).not.toBe(cookie);
    clock.forward(15 * 86_400_000);
    expect((await identity.identify(nobody({ cookie }))).sessionId).not.toBe(first.sessionId);
    expect((await identity.identify(nobody({ cookie: cookieOf(renewed.setCookies) }))).sessionId).toBe(
      first.sessionId,
    );
  });

  test('off: 401, except where a route lets everybody in', async ({ open }) => {
    const { identity } = open({ ANONYMOUS_ALLOWED: 'off' });
    await expect(identity.identify(nobody())).rejects.toMatchObject({ status: 401, code: 'USER_REQUIRED' });
    expect(await identity.identify(nobody(), { anonymous: 'always' })).toMatchObject({ kind: 'anonymous' });
  });

  test('a user cannot pretend to be an anonymous one by name', async ({ open }) => {
    const { identity } = open();
    const anonymous = await identity.identify(nobody());
    const pretender = await identity.identify(
      bearer(await identity.issueToken({ userId: anonymous.userId, roles: [] })),
    );
    expect(pretender.sessionId).not.toBe(anonymous.sessionId);
  });
});

describe('guards', () => {
  test('user and roles', async ({ open }) => {
    const { identity } = open();
    const anonymous = await identity.identify(nobody());
    const ann = await identity.identify(bearer(await identity.issueToken(ANN)));
    expect(() => requireUser(anonymous)).toThrow('User is required.');
    expect(requireUser(ann)).toBe(ann);
    expect(() => requireAnyRole(ann, ['kdcube:role:admin'])).toThrow(
      'User missing required roles: kdcube:role:admin',
    );
    expect(() => requireAnyRole(anonymous, [])).toThrow('User is required.');
  });
  unitTest.each(['privileged', 'paid', 'registered'] as const)(
    'the roles of %s make that type',
    (userType) => {
      expect(decideUserType(rolesOfUserType(userType, roleNames()))).toBe(userType);
    },
  );
});

test('without Redis it is 503, not "nobody"', async ({ open, redis }) => {
  const own = await redis.privateServer();
  const { config, clock, keys, identity } = open();
  const connection = await connectRedis({ url: own.url, name: 'gone', kind: 'claim' });
  const parts = {
    redis: connection,
    keys,
    clock,
    scope: config,
    nameKey: Buffer.alloc(32),
    ttlMs: 1000,
  };
  const caller = await identity.identify(nobody());
  await own.kill();
  await expect(createSessionStore(parts).touch(caller)).rejects.toMatchObject({
    status: 503,
    code: 'UNAVAILABLE',
  });
  await connection.close();
});
