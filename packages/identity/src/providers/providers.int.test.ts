import { createHmac } from 'node:crypto';
import { platformTest } from '@switchyard/testkit';
import { exportSPKI } from 'jose';
import type { JWTPayload } from 'jose';
import { describe, expect } from 'vitest';
import { bearer, createTestClock, identityFixture, nobody } from '../../test/identity-fixture.ts';
import type { Open } from '../../test/identity-fixture.ts';
import { startIssuer } from '../../test/test-issuer.ts';
import type { TestIssuer } from '../../test/test-issuer.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { createExternalVerifier } from './verify-external.ts';

const test = platformTest.extend<{ open: Open; there: TestIssuer }>({
  ...identityFixture,
  there: async ({ task: _task }, use) => {
    const there = await startIssuer();
    await use(there);
    await there.close();
  },
});

const AUDIENCE = 'switchyard-api';
const oidcEnv = ({ issuer }: TestIssuer, env: Record<string, string> = {}) => ({
  IDENTITY_PROVIDERS: 'local,oidc',
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: 'switchyard',
  OIDC_AUDIENCE: AUDIENCE,
  OIDC_ROLES_CLAIM: 'realm_access.roles',
  OIDC_ROLES_MAP: 'staff=paid,ops=admin',
  ...env,
});
const soon = () => Math.floor(Date.now() / 1000) + 600;
const claims = ({ issuer }: TestIssuer, more: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: AUDIENCE,
  sub: 'ann',
  exp: soon(),
  preferred_username: 'Ann',
  ...more,
});
const REFUSED = { status: 401, code: 'BAD_TOKEN' };

describe('oidc', () => {
  test('a token of the issuer says who it is; roles by path and map, and no others', async ({
    open,
    there,
  }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { identity } = open(oidcEnv(there));
    const roles = ['staff', 'admin', 'super-admin', 'kdcube:role:registered'];
    const token = await there.sign(key, claims(there, { realm_access: { roles } }));
    expect(await identity.identify(bearer(token))).toMatchObject({
      userId: 'oidc:ann',
      username: 'Ann',
      userType: 'paid',
      roles: ['kdcube:role:paid', 'kdcube:role:registered'],
    });
    const own = await identity.identify(bearer(await identity.issueToken({ userId: 'ann', roles: [] })));
    expect(own.userId).toBe('ann');
    expect(own.sessionId).not.toBe((await identity.identify(bearer(token))).sessionId);
    expect(there.asked).toEqual({ discovery: 1, keys: 1 });
  });

  test('an audience in client_id, as Cognito has it; a list; and nothing without the setting', async ({
    open,
    there,
  }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { aud: _aud, ...nameless } = claims(there);
    const cognito = await there.sign(key, { ...nameless, client_id: AUDIENCE, token_use: 'access' });
    const several = await there.sign(key, claims(there, { aud: ['other', AUDIENCE] }));
    const { identity } = open(oidcEnv(there));
    for (const token of [cognito, several])
      expect(await identity.identify(bearer(token))).toMatchObject({ userId: 'oidc:ann' });
    const closed = open(oidcEnv(there, { OIDC_AUDIENCE: '' })).identity;
    await expect(closed.identify(bearer(cognito))).rejects.toMatchObject(REFUSED);
  });

  test('what is not for us, not an access token, or not in time is refused', async ({ open, there }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { identity } = open(oidcEnv(there));
    const { sub: _sub, ...anybody } = claims(there);
    const { exp: _exp, ...endless } = claims(there);
    const bad: JWTPayload[] = [
      claims(there, { aud: 'other' }),
      claims(there, { aud: [] }),
      claims(there, { iss: 'https://somebody.example' }),
      claims(there, { iss: `${there.issuer}/` }),
      claims(there, { nbf: soon() }),
      claims(there, { sub: '' }),
      claims(there, { sub: 'a\nb' }),
      claims(there, { nonce: 'n' }),
      claims(there, { typ: 'ID' }),
      claims(there, { token_use: 'id' }),
      anybody,
      endless,
    ];
    for (const body of bad)
      await expect(identity.identify(bearer(await there.sign(key, body)))).rejects.toMatchObject(REFUSED);
    const over = await there.sign(key, claims(there, { exp: Math.floor(Date.now() / 1000) - 61 }));
    await expect(identity.identify(bearer(over))).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    const lenient = await there.sign(key, claims(there, { exp: Math.floor(Date.now() / 1000) - 20 }));
    expect(await identity.identify(bearer(lenient))).toMatchObject({ userId: 'oidc:ann' });
    const huge = await there.sign(key, claims(there, { pad: 'x'.repeat(8192) }));
    await expect(identity.identify(bearer(huge))).rejects.toMatchObject(REFUSED);
  });

  test('none, and HMAC with the public key, are refused', async ({ open, there }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { identity } = open(oidcEnv(there));
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const pem = await exportSPKI(key.publicKey);
    for (const alg of ['none', 'None', 'HS256', 'HS512', 'RS256']) {
      const input = `${encode({ alg, kid: 'one' })}.${encode(claims(there))}`;
      for (const secret of [pem, JSON.stringify(key.jwk)]) {
        const mac = createHmac('sha256', secret).update(input).digest('base64url');
        for (const token of [`${input}.${mac}`, `${input}.`])
          await expect(identity.identify(bearer(token))).rejects.toMatchObject(REFUSED);
      }
    }
    const other = await there.makeKey('one');
    for (const header of [{}, { jwk: other.jwk }, { jku: 'https://attacker.example/keys' }]) {
      const forged = await there.sign(other, claims(there), header);
      await expect(identity.identify(bearer(forged))).rejects.toMatchObject(REFUSED);
    }
  });

  test('an id token beside it must be for this client and of the same person', async ({ open, there }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { identity } = open(oidcEnv(there));
    const access = await there.sign(key, claims(there));
    const id = (more: JWTPayload) =>
      there.sign(key, claims(there, { aud: 'switchyard', nonce: 'n', ...more }));
    const withId = async (more: JWTPayload) => bearer(access, { 'x-id-token': await id(more) });
    expect(await identity.identify(await withId({}))).toMatchObject({ userId: 'oidc:ann' });
    await expect(identity.identify(await withId({ sub: 'bob' }))).rejects.toMatchObject(REFUSED);
    await expect(identity.identify(await withId({ aud: 'other' }))).rejects.toMatchObject(REFUSED);
    await expect(identity.identify(bearer(await id({})))).rejects.toMatchObject(REFUSED);
  });

  test('without the issuer it is 503, and again good when it is back', async ({ open, there }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const { identity } = open(oidcEnv(there));
    const token = await there.sign(key, claims(there));
    there.setDown(true);
    await expect(identity.identify(bearer(token))).rejects.toMatchObject({
      status: 503,
      code: 'UNAVAILABLE',
    });
    there.setDown(false);
    expect(await identity.identify(bearer(token))).toMatchObject({ userId: 'oidc:ann' });
    there.setDown(true);
    expect(await identity.identify(bearer(token))).toMatchObject({ userId: 'oidc:ann' });
  });
});

describe('keys of an issuer', () => {
  test('one look for an unknown kid, then none until the cooldown is over', async ({ there }) => {
    const [one, two, attacker] = await Promise.all(['one', 'two', 'three'].map((kid) => there.makeKey(kid)));
    if (one === undefined || two === undefined || attacker === undefined) throw new Error('no keys');
    there.publish(one);
    const verifierWith = (cooldownMs: number) =>
      createExternalVerifier({
        issuer: there.issuer,
        keys: createIssuerKeys(there.issuer, { cooldownMs }),
        algorithms: ['RS256'],
        clock: createTestClock(),
      });
    const quick = verifierWith(0);
    expect(await quick(await there.sign(one, claims(there)), [AUDIENCE])).toMatchObject({ sub: 'ann' });
    there.publish(one, two);
    expect(await quick(await there.sign(two, claims(there)), [AUDIENCE])).toMatchObject({ sub: 'ann' });
    expect(there.asked.keys).toBe(2);
    const slow = verifierWith(60_000);
    await slow(await there.sign(one, claims(there)), [AUDIENCE]);
    const before = there.asked.keys;
    const forged = await there.sign(attacker, claims(there));
    for (let attempt = 0; attempt < 20; attempt += 1)
      await expect(slow(forged, [AUDIENCE])).rejects.toMatchObject(REFUSED);
    expect(there.asked.keys).toBe(before);
  });

  test('five hundred tokens at once ask for the keys once', async ({ there }) => {
    const key = await there.makeKey('one');
    there.publish(key);
    const verify = createExternalVerifier({
      issuer: there.issuer,
      keys: createIssuerKeys(there.issuer),
      algorithms: ['RS256'],
      clock: createTestClock(),
    });
    const token = await there.sign(key, claims(there));
    await Promise.all(Array.from({ length: 500 }, () => verify(token, [AUDIENCE])));
    expect(there.asked).toEqual({ discovery: 1, keys: 1 });
  });

  test('an algorithm that a public key cannot prove is no setting', async ({ open, there }) => {
    for (const OIDC_ALGORITHMS of ['HS256', 'none', 'RS256,HS512'])
      expect(() => open(oidcEnv(there, { OIDC_ALGORITHMS }))).toThrow('is not an algorithm');
  });
});

describe('cloudflare-access', () => {
  const env = ({ issuer }: TestIssuer) => ({
    IDENTITY_PROVIDERS: 'local,cloudflare-access',
    CLOUDFLARE_ACCESS_ISSUER: issuer,
    CLOUDFLARE_ACCESS_AUDIENCE: 'tag-one,tag-two',
  });

  test('its header proves who came through; RS256 and an audience of ours only', async ({ open, there }) => {
    const [key, curve] = [await there.makeKey('one'), await there.makeKey('curve', 'ES256')];
    there.publish(key, curve);
    const { identity } = open(env(there));
    const through = async (more: JWTPayload, by = key) =>
      nobody({
        'cf-access-jwt-assertion': await there.sign(by, claims(there, { email: 'a@x.io', ...more })),
      });
    expect(await identity.identify(await through({ aud: ['tag-two'] }))).toMatchObject({
      userId: 'access:ann',
      username: 'a@x.io',
      userType: 'registered',
    });
    for (const bad of [await through({}), await through({ aud: ['tag-one'] }, curve)])
      await expect(identity.identify(bad)).rejects.toMatchObject(REFUSED);
    await expect(identity.identify(nobody({ 'cf-access-jwt-assertion': 'x' }))).rejects.toMatchObject(
      REFUSED,
    );
  });

  test('the header means nothing where the provider is not configured', async ({ open, there }) => {
    const { identity } = open();
    const key = await there.makeKey('one');
    const header = nobody({ 'cf-access-jwt-assertion': await there.sign(key, claims(there)) });
    expect(await identity.identify(header)).toMatchObject({ kind: 'anonymous' });
  });
});

describe('static', () => {
  const env = {
    IDENTITY_PROVIDERS: 'static,local',
    STATIC_TOKENS: 'a-fixed-token-for-ann=ann:paid;another-fixed-token=bob',
  };

  test('fixed tokens in a test', async ({ open }) => {
    const { identity } = open(env, undefined, 'test');
    expect(await identity.identify(bearer('a-fixed-token-for-ann'))).toMatchObject({
      userId: 'ann',
      userType: 'paid',
    });
    await expect(identity.identify(bearer('a-fixed-token-for-bob'))).rejects.toMatchObject(REFUSED);
  });

  test('refuses to start in production, and wherever nobody says what this is', async ({ open }) => {
    for (const nodeEnv of ['production', undefined])
      expect(() => open(env, undefined, nodeEnv)).toThrow('refuses to start');
    expect(() => open({ ...env, STATIC_TOKENS: 'short=ann' }, undefined, 'test')).toThrow('STATIC_TOKENS');
  });
});
