import { randomBytes } from 'node:crypto';
import { ID_PATTERN } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { createIds } from './ids.ts';

const clock = { now: () => Date.UTC(2026, 0, 5, 10, 0, 0, 123), monotonic: () => 0 };

test('a turn id reads as its time', () => {
  expect(createIds(clock, () => Uint8Array.of(0x4f, 0x2a, 0, 1)).turn()).toBe(
    'turn_2026-01-05-10-00-00-123-4f2a0001',
  );
});

test('every id may enter a key', () => {
  const ids = createIds(clock, randomBytes);
  for (const id of [ids.turn(), ids.conversation(), ids.request(), ids.stream()])
    expect(id).toMatch(ID_PATTERN);
});

test('ids do not repeat, also not where the drawn bytes end', () => {
  const ids = createIds(clock, randomBytes);
  const made = Array.from({ length: 1000 }, () => ids.request());
  expect(new Set(made).size).toBe(made.length);
});

test('a token has as many random bytes as asked for', () => {
  expect(Buffer.from(createIds(clock, randomBytes).token(32), 'base64url')).toHaveLength(32);
});
