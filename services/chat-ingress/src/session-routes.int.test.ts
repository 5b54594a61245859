import { expect } from 'vitest';
import { errorOf, ingressTest, openIngress } from '../test/ingress-fixture.ts';
import { platformTest } from '@switchyard/testkit';

ingressTest('profile: who a token stands for, and who comes without one', async ({ ingress }) => {
  const known = await ingress.call('GET', '/profile', { token: await ingress.tokenFor('ann', 'paid') });
  expect(await known.json()).toMatchObject({
    user_type: 'PAID',
    user_id: 'ann',
    username: 'ann',
    roles: ['kdcube:role:paid'],
  });
  expect([known.headers.get('x-user-type'), known.headers.get('x-session-id')?.length !== 0]).toEqual([
    'paid',
    true,
  ]);
  const unknown = await ingress.call('GET', '/profile');
  const body = (await unknown.json()) as { session_id: string };
  expect(body).toMatchObject({ user_type: 'ANONYMOUS', fingerprint: expect.any(String) as string });
  const cookie = unknown.headers.get('set-cookie')?.split(';')[0] ?? '';
  expect(cookie).toContain('__Secure-SYAN=');
  const again = await ingress.call('GET', '/profile', { headers: { cookie } });
  expect(((await again.json()) as { session_id: string }).session_id).toBe(body.session_id);
});

ingressTest('a token that is there and bad is 401, never anonymous', async ({ ingress }) => {
  const expired = await ingress.tokenFor('ann', 'registered', -3_600_000);
  expect(await errorOf(await ingress.call('GET', '/profile', { token: 'nonsense' }))).toMatchObject({
    status: 401,
    type: 'auth.bad_token',
  });
  expect(await errorOf(await ingress.call('GET', '/profile', { token: expired }))).toMatchObject({
    status: 401,
    type: 'auth.token_expired',
  });
  expect(await errorOf(await ingress.call('POST', '/sse/chat', { token: expired, json: {} }))).toMatchObject({
    status: 401,
    type: 'auth.token_expired',
  });
  const stream = await ingress.call('GET', `/sse/stream?stream_id=s1&bearer_token=${expired}`);
  expect(await errorOf(stream)).toMatchObject({ status: 401, type: 'auth.token_expired' });
});

ingressTest(
  'a token is needed where a user is needed, and is not taken from the query there',
  async ({ ingress }) => {
    const token = await ingress.tokenFor('ann');
    expect(await errorOf(await ingress.call('GET', ingress.conversations))).toMatchObject({
      status: 401,
      type: 'auth.user_required',
      detail: { error: 'User is required.' },
    });
    expect((await ingress.call('GET', ingress.conversations, { token })).status).toBe(200);
    expect((await ingress.call('GET', `${ingress.conversations}?bearer_token=${token}`)).status).toBe(401);
  },
);

platformTest(
  'where it is so set no token is taken from a query, and a ticket is',
  async ({ redis, postgres }) => {
    const ingress = await openIngress({ redis, postgres, env: { QUERY_TOKENS_ACCEPTED: 'false' } });
    const token = await ingress.tokenFor('ann');
    for (const name of ['bearer_token', 'id_token'])
      expect(
        await errorOf(await ingress.call('GET', `/sse/stream?stream_id=s1&${name}=${token}`)),
      ).toMatchObject({ status: 401, type: 'auth.bad_token' });
    const answer = await ingress.call('POST', '/api/auth/stream-ticket', { token });
    const { ticket } = (await answer.json()) as { ticket: string };
    const stream = await ingress.call('GET', `/sse/stream?stream_id=s1&stream_ticket=${ticket}`);
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    await ingress.stop();
  },
);

platformTest('where anonymous use is off, only the profile answers nobody', async ({ redis, postgres }) => {
  const ingress = await openIngress({ redis, postgres, env: { ANONYMOUS_ALLOWED: 'false' } });
  expect((await ingress.call('GET', '/profile')).status).toBe(200);
  expect(
    await errorOf(await ingress.call('POST', '/api/chat/messages', { json: { message: 'hi' } })),
  ).toMatchObject({ status: 401, type: 'auth.user_required' });
  expect(await errorOf(await ingress.call('GET', '/sse/stream?stream_id=s1'))).toMatchObject({
    status: 401,
    type: 'auth.user_required',
  });
  await ingress.stop();
});

ingressTest("somebody else's session, another scope, and another site are 403", async ({ ingress }) => {
  const token = await ingress.tokenFor('ann');
  const foreign = await ingress.call('GET', '/sse/stream?stream_id=s1&user_session_id=someone', { token });
  expect(await errorOf(foreign)).toMatchObject({ status: 403, type: 'auth.foreign_session' });
  const scope = await ingress.call('GET', '/api/cb/conversations/other/main', { token });
  expect(await errorOf(scope)).toMatchObject({ status: 403, type: 'auth.foreign_scope' });
  const site = await ingress.call('POST', '/api/platform/logout', {
    headers: { cookie: 'a=b', 'sec-fetch-site': 'cross-site' },
  });
  expect(await errorOf(site)).toMatchObject({ status: 403, type: 'auth.csrf' });
});

ingressTest('the page learns what it needs before it knows who is there', async ({ ingress }) => {
  const answer = await ingress.call('GET', '/api/cp-frontend-config');
  expect(await answer.json()).toMatchObject({
    ...ingress.scope,
    auth: { anonymous_allowed: true, masked_cookie: '__Secure-LMTC' },
    limits: { max_message_characters: 32_000 },
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

ingressTest(
  'a sign-in link: a page that posts, one use, then a cookie and the way home',
  async ({ ingress }) => {
    const { code } = await ingress.identity.createRedeemLink({
      userId: 'admin',
      username: 'admin',
      roles: ['kdcube:role:super-admin'],
    });
    const page = await ingress.call('GET', `/api/auth/redeem?code=${code}`);
    const html = await page.text();
    expect([page.status, page.headers.get('set-cookie'), html.includes(`value="${code}"`)]).toEqual([
      200,
      null,
      true,
    ]);
    const post = () =>
      ingress.call('POST', '/api/auth/redeem', {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `code=${code}`,
      });
    const signedIn = await post();
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/']);
    expect(signedIn.headers.get('set-cookie')).toMatch(
      /^__Secure-LMTC=[\w-]{43};.*HttpOnly; Secure; SameSite=Lax/,
    );
    expect(await errorOf(await post())).toMatchObject({ status: 401, type: 'auth.link_refused' });
    const bad = await ingress.call('GET', '/api/auth/redeem?code=%22%3E%3Cscript%3E');
    expect(bad.status).toBe(400);
  },
);

ingressTest('keys and description are public', async ({ ingress }) => {
  const keys = (await (await ingress.call('GET', '/.well-known/jwks.json')).json()) as {
    keys: { kty: string; d?: string }[];
  };
  expect([keys.keys[0]?.kty, keys.keys[0]?.d]).toEqual(['EC', undefined]);
  const openapi = (await (await ingress.call('GET', '/openapi.json')).json()) as {
    paths: Record<string, object>;
  };
  expect(Object.keys(openapi.paths)).toEqual(
    expect.arrayContaining([
      '/sse/chat',
      '/sse/stream',
      '/api/chat/messages',
      '/api/cb/conversations/{tenant}/{project}/{cid}/fetch',
    ]),
  );
  for (const path of ['/health', '/health/live', '/health/ready'])
    expect((await ingress.call('GET', path)).status).toBe(200);
  expect(await (await ingress.call('GET', '/metrics')).text()).toContain('switchyard_ingress_open_streams');
});
