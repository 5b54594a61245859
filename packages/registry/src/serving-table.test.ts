import { expect, test } from 'vitest';
import { ServingTable } from './serving-table.ts';
import type { ServedBundle } from './serving-table.ts';

const served = (version: string): ServedBundle => ({
  version: { bundleId: 'hello', versionId: version, dir: `/store/${version}`, entry: 'bundle.ts' },
  manifest: {
    v: 1,
    id: 'hello',
    name: 'Hello',
    starters: [],
    hasTurns: true,
    operations: {},
    schedules: {},
    jobs: {},
    channels: {},
    widgets: {},
    hasWeb: false,
    httpHosts: [],
    secrets: [],
    capabilities: [],
    limits: {},
  },
});

function open() {
  const retired: string[] = [];
  return { retired, table: new ServingTable((versionId) => retired.push(versionId)) };
}

test('a version is retired when the last who holds it lets go', () => {
  const { retired, table } = open();
  table.serve('hello', served('a'));
  const one = table.hold('hello');
  const two = table.hold('hello');
  table.serve('hello', served('b'));
  expect(table.hold('hello')?.version.versionId).toBe('b');
  expect(table.versionsInUse().toSorted()).toEqual(['a', 'b']);
  one?.release();
  one?.release();
  expect(retired).toEqual([]);
  two?.release();
  expect(retired).toEqual(['a']);
  expect(table.versionsInUse()).toEqual(['b']);
});

test('an unused version is retired at the switch, the serving one never', () => {
  const { retired, table } = open();
  table.serve('hello', served('a'));
  table.hold('hello')?.release();
  table.serve('hello', served('a'));
  expect(retired).toEqual([]);
  table.serve('hello', served('b'));
  expect(retired).toEqual(['a']);
  table.drop('hello');
  expect(retired).toEqual(['a', 'b']);
  expect(table.hold('hello')).toBeUndefined();
});

test('back and forth: a version that serves again while it is still held stays', () => {
  const { retired, table } = open();
  table.serve('hello', served('a'));
  const old = table.hold('hello');
  table.serve('hello', served('b'));
  table.serve('hello', served('a'));
  old?.release();
  expect(retired).toEqual(['b']);
  expect(table.get('hello')?.version.versionId).toBe('a');
});

test('a failure leaves the former version serving and goes with the next success', () => {
  const { table } = open();
  table.fail('hello', { versionId: 'a', error: 'no' });
  expect(table.get('hello')).toBeUndefined();
  table.serve('hello', served('b'));
  table.fail('hello', { versionId: 'c', error: 'broken' });
  expect(table.get('hello')?.version.versionId).toBe('b');
  expect(table.failure('hello')).toEqual({ versionId: 'c', error: 'broken' });
  table.serve('hello', served('d'));
  expect(table.failure('hello')).toBeUndefined();
});
