import { HEADER } from '@switchyard/protocol';
import { platformTest } from '@switchyard/testkit';
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSigningKeys } from '@switchyard/store';
import { describe, expect } from 'vitest';
import { bearer, identityFixture } from '../test/identity-fixture.ts';
import type { Open } from '../test/identity-fixture.ts';
import { deriveKeys } from './derive-key.ts';
import { createKeyRing } from './key-ring.ts';
import { createLocalTokens } from './local-tokens.ts';
import { readMasterKeys } from './master-keys.ts';

const test = platformTest.extend<{ open: Open }>(identityFixture);

const ANN = { userId: 'ann', username: 'Ann', roles: ['kdcube:role:paid'] };
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string | undefined) =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;

function forge(header: unknown, body: unknown, signer: (input: string) => Buffer): string {
  const input = `${encode(header)}.${encode(body)}`;
  return `${input}.${signer(input).toString('base64url')}`;
}
const es256 = (key: KeyObject) => (input: string) =>
  sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });

describe('tokens that must not get in', () => {
  test('good ones do, and say who it is', async ({ open }) => {
    const { identity } = open();
    const caller = await identity.identify(bearer(await identity.issueToken(ANN)));
    expect(caller).toMatchObject({
      kind: 'user',
      userId: 'ann',
      username: 'Ann',
      userType: 'paid',
      roles: ANN.roles,
    });
    expect(caller.sessionId).toMatch(/^s[0-9a-f]{32}$/);
  });

  test('alg none, with and without a signature', async ({ open }) => {
    const { identity } = open();
    const [header, body, signature] = (await identity.issueToken(ANN)).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) {
      for (const tail of ['', signature]) {
        const token = `${encode({ ...decode(header), alg })}.${body}.${tail}`;
        await expect(identity.identify(bearer(token))).rejects.toMatchObject({
          status: 401,
          code: 'BAD_TOKEN',
        });
      }
    }
  });

  test('HMAC with the public key as its secret, in every form of it', async ({ open }) => {
    const { identity } = open();
    const [header, body] = (await identity.issueToken(ANN)).split('.');
    const [jwk] = (await identity.jwks()).keys;
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    const secrets = [
      key.export({ format: 'pem', type: 'spki' }),
      key.export({ format: 'der', type: 'spki' }),
      JSON.stringify(jwk),
    ];
    for (const alg of ['HS256', 'HS384', 'HS512', 'ES256']) {
      for (const secret of secrets) {
        const mac = (input: string) => createHmac('sha256', secret).update(input).digest();
        const token = forge({ ...decode(header), alg }, decode(body), mac);
        await expect(identity.identify(bearer(token))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
      }
    }
  });

  test('a key of the attacker: unknown kid, no kid, our kid, a key in the header', async ({ open }) => {
    const { identity } = open();
    const [header, body] = (await identity.issueToken(ANN)).split('.');
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { kid } = decode(header);
    const headers = [
      { alg: 'ES256', kid: 'unknown' },
      { alg: 'ES256' },
      { alg: 'ES256', kid },
      { alg: 'ES256', kid, jwk: publicKey.export({ format: 'jwk' }) },
      { alg: 'ES256', kid, jku: 'https://attacker.example/jwks.json' },
      { alg: 'ES256', kid: `../../${String(kid)}` },
      { alg: 'ES256', kid: ['x'] },
      { alg: 'ES256', kid, crit: ['exp'] },
    ];
    for (const forged of headers) {
      const token = forge(forged, decode(body), es256(privateKey));
      await expect(identity.identify(bearer(token))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    }
  });

  test('another issuer and another scope, signed by the same database', async ({ open, redis }) => {
    const { identity } = open();
    const issuer = await open({ TOKEN_ISSUER: 'somebody' }).identity.issueToken(ANN);
    const scope = await open({}, { tenant: redis.tenant, project: 'other' }).identity.issueToken(ANN);
    for (const token of [issuer, scope]) {
      await expect(identity.identify(bearer(token))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    }
  });

  test('an id token in place of an access token, and the other way round', async ({ open }) => {
    const { identity } = open();
    const [access, id] = [await identity.issueToken(ANN), await identity.issueToken(ANN, { use: 'id' })];
    const bob = await identity.issueToken({ userId: 'bob', roles: [] }, { use: 'id' });
    await expect(identity.identify(bearer(id))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    await expect(identity.identify(bearer(access, { 'x-id-token': access }))).rejects.toMatchObject({
      code: 'BAD_TOKEN',
    });
    await expect(identity.identify(bearer(access, { 'x-id-token': bob }))).rejects.toMatchObject({
      code: 'BAD_TOKEN',
    });
    await expect(
      identity.identify({ headers: { 'x-id-token': id }, allowQueryToken: false }),
    ).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    expect(await identity.identify(bearer(access, { 'x-id-token': id }))).toMatchObject({ userId: 'ann' });
  });

  test('changed in any part', async ({ open }) => {
    const { identity } = open();
    const token = await identity.issueToken(ANN);
    const [header, body, signature] = token.split('.');
    const promoted = encode({ ...decode(body), roles: ['kdcube:role:super-admin'] });
    const flipped = Buffer.from(signature ?? '', 'base64url');
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    const changed = [
      `${header}.${promoted}.${signature}`,
      `${header}.${body}.${flipped.toString('base64url')}`,
      `${header}.${body}.`,
      `${header}.${body}`,
      `${token}.${signature}`,
      `${token}=`,
      `${header}.${body}.${'A'.repeat(86)}`,
    ];
    for (const forged of changed) {
      await expect(identity.identify(bearer(forged))).rejects.toMatchObject({
        status: 401,
        code: 'BAD_TOKEN',
      });
    }
  });

  test('claims that are there twice: the parser of one service and of another may differ', async ({
    open,
  }) => {
    const { identity } = open();
    const token = await identity.issueToken(ANN);
    const [header, body = '', signature] = token.split('.');
    const text = Buffer.from(body, 'base64url').toString();
    const twice = (claims: string) => [
      `${text.slice(0, -1)},${claims}}`,
      text.replace('{', `{${claims},`),
      `${text}{${claims}}`,
    ];
    const forged = [
      ...twice('"sub":"root"'),
      ...twice('"roles":["kdcube:role:super-admin"]'),
      ...twice('"exp":99999999999'),
      ...twice('"aud":"other"'),
    ];
    for (const each of forged) {
      const changed = `${header}.${Buffer.from(each).toString('base64url')}.${signature}`;
      await expect(identity.identify(bearer(changed))).rejects.toMatchObject({
        status: 401,
        code: 'BAD_TOKEN',
      });
    }
    // In the header, which says how it is proven.
    const head = Buffer.from(header ?? '', 'base64url').toString();
    for (const claims of ['"alg":"none"', '"alg":"HS256"', '"kid":"unknown"']) {
      for (const each of [`${head.slice(0, -1)},${claims}}`, head.replace('{', `{${claims},`)]) {
        const changed = `${Buffer.from(each).toString('base64url')}.${body}.${signature}`;
        await expect(identity.identify(bearer(changed))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
      }
    }
  });

  test('over 8 KB, broken text, and things that are not tokens', async ({ open }) => {
    const { identity } = open();
    const roles = Array.from({ length: 99 }, (_, index) => `${'r'.repeat(100)}${index}`);
    const huge = await identity.issueToken({ userId: 'ann', roles });
    expect(huge.length).toBeGreaterThan(8192);
    for (const token of [
      huge,
      'x',
      '..',
      'a.b.c',
      `${encode(null)}.e30.x`,
      `${encode([])}.e30.x`,
      '\u0000.\u0000.\u0000',
      'é'.repeat(9000),
    ]) {
      await expect(identity.identify(bearer(token))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    }
  });
});

describe('time', () => {
  test('run out: a minute of leeway, then 401 that says so', async ({ open }) => {
    const { identity, clock } = open();
    const token = await identity.issueToken(ANN, { ttlMs: 10_000 });
    clock.forward(60_000);
    expect(await identity.identify(bearer(token))).toMatchObject({ userId: 'ann' });
    clock.forward(11_000);
    await expect(identity.identify(bearer(token))).rejects.toMatchObject({
      status: 401,
      code: 'TOKEN_EXPIRED',
    });
  });

  test('not valid before, and without an end', async ({ open, postgres }) => {
    const { identity, config, clock, ids } = open();
    await identity.check();
    const sealingKeys = deriveKeys(readMasterKeys(config), 'signing-keys');
    const ring = createKeyRing({
      keys: createSigningKeys(postgres.sql),
      sealingKeys,
      clock,
      ids,
      retiredForMs: 1,
    });
    const audience = `switchyard:${config.tenant}:${config.project}`;
    const tokens = createLocalTokens({ ring, issuer: 'switchyard', audience, clock });
    const now = Math.floor(clock.now() / 1000);
    const body = { sub: 'ann', token_use: 'access', exp: now + 3600, roles: [], permissions: [] } as const;
    const signed = (claims: object) => tokens.sign(claims as Parameters<typeof tokens.sign>[0]);
    expect(await identity.identify(bearer(await signed({ ...body, nbf: now + 30 })))).toMatchObject({
      userId: 'ann',
    });
    const { exp: _exp, ...endless } = body;
    const bad = [
      { ...body, nbf: now + 300 },
      endless,
      { ...body, sub: '' },
      { ...body, sub: 'a\nb' },
      { ...body, roles: 'admin' },
    ];
    for (const claims of bad) {
      await expect(identity.identify(bearer(await signed(claims)))).rejects.toMatchObject({
        code: 'BAD_TOKEN',
      });
    }
  });
});

describe('signing keys', () => {
  const kidOf = (token: string) => (decode(token.split('.')[0]) as { kid: string }).kid;

  test('old tokens stay good over a rotation, in other processes too', async ({ open }) => {
    const [one, two] = [open(), open()];
    const before = await one.identity.issueToken(ANN);
    await two.identity.identify(bearer(before));
    const kid = await one.identity.rotateSigningKey();
    one.clock.forward(10_000);
    two.clock.forward(10_000);
    const after = await one.identity.issueToken(ANN);
    expect(decode(after.split('.')[0])).toMatchObject({ kid, alg: 'ES256' });
    for (const token of [before, after]) {
      expect(await one.identity.identify(bearer(token))).toMatchObject({ userId: 'ann' });
      expect(await two.identity.identify(bearer(token))).toMatchObject({ userId: 'ann' });
    }
    const { keys } = await one.identity.jwks();
    expect(keys).toHaveLength(2);
    expect(keys.every((key) => !('d' in key) && key.use === 'sig' && key.alg === 'ES256')).toBe(true);
  });

  test('no token is refused at any moment around rotations, by who has just looked', async ({
    open,
    postgres,
  }) => {
    const [one, two] = [open(), open()];
    await one.identity.check();
    const forged = (await one.identity.issueToken(ANN)).replace(/^[^.]+/, () =>
      Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'forged' })).toString('base64url'),
    );
    const kids = new Set<string>();
    for (let second = 0; second < 40; second += 1) {
      if (second === 2 || second === 3 || second === 17) await one.identity.rotateSigningKey();
      // A forgery makes it look, so that what it knows is as old as can be when the next key signs.
      await expect(two.identity.identify(bearer(forged))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
      const token = await one.identity.issueToken(ANN);
      kids.add(kidOf(token));
      expect(await two.identity.identify(bearer(token)), `second ${second}`).toMatchObject({ userId: 'ann' });
      one.clock.forward(1_000);
      two.clock.forward(1_000);
      await postgres.sql.query({
        text: `update signing_key set created_at = created_at - interval '1 second'`,
      });
    }
    // The one before, and of two rotations in a row and a third each what came of it.
    expect(kids.size).toBe(4);
  });

  test('proven again and again, a token is still refused for another use, and once its key is gone', async ({
    open,
    postgres,
  }) => {
    const { identity, clock } = open();
    const token = await identity.issueToken(ANN);
    const other = await identity.issueToken({ ...ANN, userId: 'bob' });
    for (const [given, userId] of [
      [token, 'ann'],
      [other, 'bob'],
      [token, 'ann'],
    ] as const)
      expect(await identity.identify(bearer(given))).toMatchObject({ userId, userType: 'paid' });
    const twice = {
      allowQueryToken: false,
      headers: { authorization: `Bearer ${token}`, [HEADER.idToken]: token },
    };
    await expect(identity.identify(twice)).rejects.toMatchObject({ code: 'BAD_TOKEN' });
    await postgres.sql.query({ text: 'delete from signing_key' });
    expect(await identity.identify(bearer(token))).toMatchObject({ userId: 'ann' });
    // Keys are read again every five minutes.
    clock.forward(5 * 60_000);
    await expect(identity.identify(bearer(token))).rejects.toMatchObject({ code: 'BAD_TOKEN' });
  });

  test('ten processes that start at once make one key', async ({ open, postgres }) => {
    await Promise.all(Array.from({ length: 10 }, () => open().identity.check()));
    expect(await postgres.sql.query({ text: 'select count(*) as n from signing_key' })).toEqual([{ n: 1 }]);
  });

  test('a master key that does not fit refuses at the start, and so does a short one', async ({ open }) => {
    await open().identity.check();
    const other = open({ SWITCHYARD_MASTER_KEY: 'another-master-key-of-more-than-32-characters' });
    await expect(other.identity.check()).rejects.toMatchObject({ code: 'CONFIG' });
    expect(() => open({ SWITCHYARD_MASTER_KEY: 'short' })).toThrow('shorter than 32');
  });
});
