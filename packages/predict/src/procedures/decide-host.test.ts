import { expect, test } from 'vitest';
import { decideHost } from './decide-host.ts';
import type { HostFacts } from './decide-host.ts';

const LIMITS = { maxHosts: 3, reuses: true };
const host = (name: string, facts: Partial<HostFacts> = {}) => ({
  name,
  key: 'a',
  isReady: true,
  capacity: 1,
  users: 0,
  usedAtMs: 0,
  ...facts,
});

test('a host of the source with room is used', () => {
  const full = host('full', { users: 1 });
  const free = host('free', { users: 1, capacity: 2 });
  expect(decideHost([full, host('other', { key: 'b' }), free], 'a', LIMITS)).toEqual({
    kind: 'use',
    host: free,
  });
});

test('one that starts is waited for, so that a cold start is one flight', () => {
  const starting = host('starting', { isReady: false, users: 1 });
  expect(decideHost([host('full', { users: 1 }), starting], 'a', LIMITS)).toEqual({
    kind: 'use',
    host: starting,
  });
});

test('a new one where there is room, also beside a busy one of the same source', () => {
  expect(decideHost([host('full', { users: 1 })], 'a', LIMITS)).toEqual({
    kind: 'start',
    evicted: undefined,
  });
});

test('no more hosts of one source than it may have, however much room there is', () => {
  const busy = host('busy', { users: 1 });
  const idleOfAnother = host('idle', { key: 'b' });
  expect(decideHost([busy, idleOfAnother], 'a', { ...LIMITS, maxOwn: 1 })).toEqual({ kind: 'full' });
  expect(decideHost([busy, idleOfAnother], 'a', { ...LIMITS, maxOwn: 2 })).toEqual({
    kind: 'start',
    evicted: undefined,
  });
});

test('the idle host that was used longest ago makes room, whatever its place in the list', () => {
  const hosts = [
    host('busy', { key: 'b', users: 1, usedAtMs: 1 }),
    host('late', { key: 'c', usedAtMs: 9 }),
    host('early', { key: 'd', usedAtMs: 5 }),
  ];
  expect(decideHost(hosts, 'a', LIMITS)).toEqual({ kind: 'start', evicted: hosts[2] });
});

test('one that starts or runs is never evicted', () => {
  const hosts = [
    host('one', { key: 'b', users: 1 }),
    host('two', { key: 'c', users: 1, isReady: false }),
    host('three', { users: 1 }),
  ];
  expect(decideHost(hosts, 'a', LIMITS)).toEqual({ kind: 'full' });
});

test('where each prediction has its own, none is shared', () => {
  const idle = host('idle');
  expect(decideHost([idle], 'a', { maxHosts: 3, reuses: false })).toEqual({
    kind: 'start',
    evicted: undefined,
  });
  expect(decideHost([idle], 'a', { maxHosts: 1, reuses: false })).toEqual({ kind: 'start', evicted: idle });
});
