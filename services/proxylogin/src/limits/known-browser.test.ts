import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createKnownBrowsers } from './known-browser.ts';

const OURS = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const known = (ahead = 0, key = OURS, former: readonly Buffer[] = []) =>
  createKnownBrowsers({
    keys: { current: key, all: [key, ...former] },
    clock: { ...systemClock, now: () => systemClock.now() + ahead },
    ids: createIds(systemClock, randomBytes),
    ttlMs: 1000,
  });
const cookieOf = (setCookie: string): string => setCookie.split(';', 1)[0] ?? '';

test('a browser is known for the account that it has signed in to, and for no other', () => {
  const setCookie = known().remember('ann');
  expect(setCookie).toMatch(/^__Host-SYKB=v1\.[^;]+; Max-Age=1; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const cookie = `theme=dark; ${cookieOf(setCookie)}`;
  expect(known().recognise(cookie, 'ann')).toMatch(/^[\w-]{22}$/);
  expect(known().recognise(cookie, 'bob')).toBeUndefined();
  expect(known(3000).recognise(cookie, 'ann')).toBeUndefined();
  expect(known(0, OTHER).recognise(cookie, 'ann')).toBeUndefined();
  expect(known(0, OTHER, [OURS]).recognise(cookie, 'ann')).toMatch(/^[\w-]{22}$/);
});

test.each([undefined, '', '__Host-SYKB=', '__Host-SYKB=v1.x.y.z', `__Host-SYKB=${'a'.repeat(5000)}`])(
  'what is not ours is nobody: %s',
  (cookie) => {
    expect(known().recognise(cookie, 'ann')).toBeUndefined();
  },
);
