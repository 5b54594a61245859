import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';
import { describe, expect } from 'vitest';
import { Scope, systemClock } from '@switchyard/kernel';
import { webTest } from '../../test/web-rig.ts';
import { createCloudflareAccess } from './access/cloudflare-access.ts';

const TEAM = 'https://acme.cloudflareaccess.com';
const AUDIENCE = 'aud-of-the-shop';

/** A team's certificate endpoint, with keys of its own. */
async function openTeam(scope: Scope) {
  let asked = 0;
  let isDown = false;
  const keys = new Map<string, { privateKey: CryptoKey; publicKey: CryptoKey }>();
  const addKey = async (kid: string) => {
    keys.set(kid, await generateKeyPair('RS256', { extractable: true }));
  };
  await addKey('k1');
  const server = createServer(async (_req, res) => {
    asked += 1;
    if (isDown) return void res.writeHead(500).end();
    const jwks = await Promise.all(
      [...keys].map(async ([kid, { publicKey }]) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg: 'RS256',
        use: 'sig',
      })),
    );
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: jwks }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(async () => void server.close());
  const { port } = server.address() as AddressInfo;
  const now = Math.floor(Date.now() / 1000);
  return {
    keys,
    addKey,
    asked: () => asked,
    goDown: () => (isDown = true),
    cloudflare: createCloudflareAccess({
      clock: systemClock,
      certsOf: () => `http://127.0.0.1:${port}/cdn-cgi/access/certs`,
      cooldownMs: 0,
    }),
    sign(
      claims: JWTPayload = {},
      {
        kid = 'k1',
        alg = 'RS256',
        key = keys.get(kid)?.privateKey,
      }: { kid?: string; alg?: string; key?: CryptoKey | Uint8Array | undefined } = {},
    ) {
      const body = {
        iss: TEAM,
        aud: [AUDIENCE],
        sub: 'ada',
        email: 'ada@example.com',
        exp: now + 60,
        iat: now,
        ...claims,
      };
      const defined = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
      if (key === undefined) throw new Error(`no key ${kid}`);
      return new SignJWT(defined).setProtectedHeader({ alg, kid }).sign(key);
    },
  };
}

const test = webTest.extend<{ team: Awaited<ReturnType<typeof openTeam>> }>({
  team: async ({ rig }, use) => {
    const scope = new Scope();
    const access = { kind: 'cloudflareAccess', team: TEAM, audience: AUDIENCE };
    rig.site('shop', { access });
    await use(await openTeam(scope));
    await scope.close();
  },
});

describe('a site behind Cloudflare Access', () => {
  test('lets in whom a token names, by header or cookie, and tells the handler who it is', async ({
    rig,
    team,
  }) => {
    const { origin } = await rig.start({}, team.cloudflare);
    const token = await team.sign();
    const user = {
      user_id: 'cloudflare:ada',
      username: 'ada@example.com',
      user_type: 'registered',
      roles: [],
    };
    const byHeader = await fetch(`${origin}/fetch/request`, {
      headers: { 'cf-access-jwt-assertion': token },
    });
    expect(await byHeader.json()).toMatchObject({ user });
    const byCookie = await fetch(`${origin}/api/message`, {
      headers: { cookie: `CF_Authorization=${token}` },
    });
    const text = await byCookie.text();
    expect(JSON.parse(text)).toMatchObject({ user, cookies: {} });
    expect(text).not.toContain(token);
    expect(team.asked()).toBe(1);
  });

  test('refuses everything else with 403, and runs nothing', async ({ rig, team }) => {
    const { origin } = await rig.start({}, team.cloudflare);
    const now = Math.floor(Date.now() / 1000);
    const other = await generateKeyPair('RS256');
    const publicText = new TextEncoder().encode(
      await exportSPKI(team.keys.get('k1')?.publicKey as CryptoKey),
    );
    const pss = await generateKeyPair('PS256');
    const claims = { iss: TEAM, aud: AUDIENCE, sub: 'ada', exp: now + 60 };
    const good = await team.sign();
    const bad: Record<string, string> = {
      none: new UnsecuredJWT(claims).encode(),
      'HS256 with the public key': await team.sign({}, { alg: 'HS256', key: publicText }),
      'another algorithm': await team.sign({}, { alg: 'PS256', key: pss.privateKey }),
      'another key': await team.sign({}, { key: other.privateKey }),
      'an unknown key id': await team.sign({}, { kid: 'k9', key: other.privateKey }),
      'another issuer': await team.sign({ iss: 'https://evil.cloudflareaccess.com' }),
      'an issuer that begins alike': await team.sign({ iss: `${TEAM}.evil.example` }),
      'another audience': await team.sign({ aud: ['another'] }),
      'no audience': await team.sign({ aud: null as never }),
      'expired beyond the leeway': await team.sign({ exp: now - 90 }),
      'no end': await team.sign({ exp: null as never }),
      'not yet': await team.sign({ nbf: now + 90 }),
      nobody: await team.sign({ sub: '' }),
      'a changed body': good.replace(
        /\.[^.]+\./u,
        `.${Buffer.from(JSON.stringify({ ...claims, sub: 'eve' })).toString('base64url')}.`,
      ),
      'too large': await team.sign({ pad: 'x'.repeat(9000) }),
      garbage: 'a.b.c',
      empty: '',
    };
    for (const [why, token] of Object.entries(bad)) {
      const answer = await fetch(`${origin}/api/count/0`, {
        headers: { cookie: `CF_Authorization=${token}` },
      });
      expect([why, answer.status]).toEqual([why, 403]);
    }
    expect((await fetch(`${origin}/api/count/0`)).status).toBe(403);
    const last = await fetch(`${origin}/api/count/0`, { headers: { 'cf-access-jwt-assertion': good } });
    expect(await last.json()).toMatchObject({ count: 1 });
  });

  test('an end within the leeway is none, and a service has a name', async ({ rig, team }) => {
    const { origin } = await rig.start({}, team.cloudflare);
    const exp = Math.floor(Date.now() / 1000) - 30;
    const token = await team.sign({ exp, sub: '', common_name: 'robot.access' });
    const answer = await fetch(`${origin}/fetch/request`, { headers: { 'cf-access-jwt-assertion': token } });
    expect(await answer.json()).toMatchObject({ user: { user_id: 'cloudflare:robot.access' } });
  });

  test('asks for the keys once more when one is unknown, and 503 when they cannot be had', async ({
    rig,
    team,
  }) => {
    const { origin } = await rig.start({}, team.cloudflare);
    const ask = async (token: string) =>
      (await fetch(`${origin}/fetch/hello`, { headers: { 'cf-access-jwt-assertion': token } })).status;
    expect(await ask(await team.sign())).toBe(200);
    await team.addKey('k2');
    expect(await ask(await team.sign({}, { kid: 'k2' }))).toBe(200);
    expect(team.asked()).toBe(2);
    const other = await generateKeyPair('RS256');
    expect(await ask(await team.sign({}, { kid: 'k9', key: other.privateKey }))).toBe(403);
    expect(team.asked()).toBe(3);
    team.goDown();
    expect(await ask(await team.sign({}, { kid: 'k8', key: other.privateKey }))).toBe(503);
    expect(await ask(await team.sign())).toBe(200);
  });
});

describe('a site for users of the platform', () => {
  webTest('401 without a sign-in, and the user with one', async ({ rig }) => {
    rig.site('shop', { access: { kind: 'users' } });
    const worker = await rig.start({ anonymousAllowed: 'true' });
    const { origin } = worker;
    expect((await fetch(`${origin}/fetch/hello`)).status).toBe(401);
    expect((await fetch(`${origin}/fetch/hello`, { headers: { authorization: 'Bearer x' } })).status).toBe(
      401,
    );
    const authorization = `Bearer ${await worker.token('registered')}`;
    const answer = await fetch(`${origin}/fetch/request`, { headers: { authorization } });
    const body = (await answer.json()) as { user: unknown; headers: object };
    expect(body.user).toMatchObject({ user_id: 'registered-user', user_type: 'registered' });
    expect(body.headers).not.toHaveProperty('authorization');
  });

  webTest('403 for another user type', async ({ rig }) => {
    rig.site('shop', { access: { kind: 'userTypes', userTypes: ['paid', 'privileged'] } });
    const worker = await rig.start();
    const ask = async (type: 'registered' | 'paid') =>
      (
        await fetch(`${worker.origin}/fetch/hello`, {
          headers: { authorization: `Bearer ${await worker.token(type)}` },
        })
      ).status;
    expect([await ask('registered'), await ask('paid')]).toEqual([403, 200]);
  });

  webTest("another site changes nothing in a user's name, unless it is one that may", async ({ rig }) => {
    const cors = { origins: ['https://app.example'], credentials: true };
    rig.site('shop', { access: { kind: 'users' }, cors });
    const worker = await rig.start();
    const cookie = `__Secure-LATC=${await worker.token('registered')}`;
    const ask = async (origin: string) =>
      (
        await fetch(`${worker.origin}/fetch/request`, {
          method: 'POST',
          headers: { cookie, origin, 'sec-fetch-site': 'cross-site' },
        })
      ).status;
    expect([await ask('https://evil.example'), await ask('https://app.example')]).toEqual([403, 200]);
  });
});
