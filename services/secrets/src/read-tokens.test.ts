import { expect, test } from 'vitest';
import { createReadTokens } from './read-tokens.ts';

const GRANT = { folder: 'bundles/t/p/hello', keys: ['a', 'b'], uses: 2, ttlMs: 1000 };

function setUp() {
  let [now, count] = [0, 0];
  const tokens = createReadTokens({ monotonic: () => now }, () => `token-${(count += 1)}`);
  return { tokens, pass: (ms: number) => void (now += ms) };
}

test('reads its names so many times, and nothing else takes a use', () => {
  const { tokens } = setUp();
  const token = tokens.make(GRANT);
  for (const [folder, key] of [
    ['bundles/t/p/other', 'a'],
    [GRANT.folder, 'c'],
  ] as const)
    expect(tokens.use(token, folder, key)).toBe(false);
  expect(tokens.use('token-2', GRANT.folder, 'a')).toBe(false);
  expect(tokens.use(token, GRANT.folder, 'a')).toBe(true);
  expect(tokens.use(token, GRANT.folder, 'b')).toBe(true);
  expect(tokens.use(token, GRANT.folder, 'a')).toBe(false);
});

test('ends with its time, and makes room then', () => {
  const { tokens, pass } = setUp();
  const token = tokens.make(GRANT);
  for (let count = 1; count < 10_000; count += 1) tokens.make(GRANT);
  expect(() => tokens.make(GRANT)).toThrow('Too many read tokens');
  pass(1000);
  expect(tokens.use(token, GRANT.folder, 'a')).toBe(false);
  const later = tokens.make(GRANT);
  pass(999);
  expect(tokens.use(later, GRANT.folder, 'a')).toBe(true);
});
