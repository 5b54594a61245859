import { expect } from 'vitest';
import { proxyTest } from '../test/proxy-lab.ts';
import { createUnmask } from './unmask-cookie.ts';
import { createUpstreamPool } from './upstream-pool.ts';

const poolOf = (url: string) => createUpstreamPool([new URL(url)]);

/** A vault whose token appears when somebody has made it anew. */
const emptyVault = () => {
  const state = { token: undefined as string | undefined };
  return { state, vault: { unmask: () => Promise.resolve(state.token) } };
};

proxyTest('fifty requests with a token that ran out ask proxylogin once, and all go on', async ({ lab }) => {
  const { state, vault } = emptyVault();
  let asked = 0;
  const login = await lab.upstream((request, response) => {
    asked += 1;
    expect([request.method, request.url]).toEqual(['POST', '/internal/renew']);
    setImmediate(() => {
      state.token = 'fresh';
      response.end('{}');
    });
  });
  const unmask = createUnmask({
    vault,
    renewals: { isRenewable: () => Promise.resolve(true) },
    login: poolOf(login.url),
    timeoutMs: 5000,
  });
  const tokens = await Promise.all(Array.from({ length: 50 }, () => unmask('cookie')));
  expect(new Set(tokens)).toEqual(new Set(['fresh']));
  expect(asked).toBe(1);
});

proxyTest('a proxylogin that is away, or too busy, is 503 and signs nobody out', async ({ lab }) => {
  const { vault } = emptyVault();
  const busy = await lab.upstream((_request, response) => response.writeHead(503).end());
  const silent = await lab.upstream(() => undefined);
  for (const loginUrl of [busy.url, silent.url, 'http://127.0.0.1:9']) {
    const unmask = createUnmask({
      vault,
      renewals: { isRenewable: () => Promise.resolve(true) },
      login: poolOf(loginUrl),
      timeoutMs: 300,
    });
    await expect(unmask('cookie')).rejects.toMatchObject({ status: 503 });
  }
});

proxyTest('a cookie without a sign-in is nobody, and asks nobody', async () => {
  const { vault } = emptyVault();
  const unmask = createUnmask({
    vault,
    renewals: { isRenewable: () => Promise.resolve(false) },
    login: poolOf('http://127.0.0.1:9'),
    timeoutMs: 300,
  });
  expect(await unmask('cookie')).toBeUndefined();
});
