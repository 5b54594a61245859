import { expect, test } from 'vitest';
import { CAPABILITY_CATALOG, CAPABILITY_NAMES, findCapabilityMethod } from './capability-catalog.ts';

test.each(['../a', 'a/../b', '/a', 'a//b', 'a/', './a', 'a\\b', 'a\0', ''])('"%s" is no path', (path) => {
  expect(CAPABILITY_CATALOG.storage.methods.read.args.safeParse([path, {}]).success).toBe(false);
});

test.each(['a', 'a/b.txt', '..a', 'a..', 'ä ö%2e'])('"%s" is a path', (path) => {
  expect(CAPABILITY_CATALOG.storage.methods.read.args.parse([path, {}])).toEqual([path, { scope: 'bundle' }]);
});

test('what may be left out has a default, what is unknown is refused', () => {
  const { args } = CAPABILITY_CATALOG.kv.methods.set;
  expect(args.parse(['a', { b: 1 }, {}])).toEqual(['a', { b: 1 }, { scope: 'bundle' }]);
  expect(args.safeParse(['a', 1, { scope: 'everybody' }]).success).toBe(false);
  expect(args.safeParse(['a', 1, { owner: 'x' }]).success).toBe(false);
  expect(args.safeParse(['a', 'x'.repeat(300_000), {}]).success).toBe(false);
});

test('a method is found by its own name only', () => {
  expect(findCapabilityMethod('kv', 'get')?.hasSideEffects).toBe(false);
  expect(findCapabilityMethod('kv', 'set')?.hasSideEffects).toBe(true);
  for (const name of ['toString', '__proto__', 'constructor']) {
    expect(findCapabilityMethod('kv', name)).toBeUndefined();
    expect(findCapabilityMethod(name, 'get')).toBeUndefined();
  }
});

test('what can be asked for by name is in the catalog, what comes with something else is not asked for', () => {
  const others = Object.keys(CAPABILITY_CATALOG).filter(
    (name) => !CAPABILITY_NAMES.some((one) => one === name),
  );
  expect(others).toEqual(['secrets', 'http', 'jobs', 'mailbox']);
});
