import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './list-cursor.ts';

const POSITION = { pinned: true, lastActivityAt: '2026-01-05T10:00:00.120001Z', conversationId: 'c-1' };

test('a cursor gives its position back', () => {
  expect(decodeCursor(encodeCursor(POSITION))).toEqual(POSITION);
});

const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test.each([
  '',
  'x',
  '%%%',
  forged(null),
  forged({}),
  forged([true, POSITION.lastActivityAt]),
  forged(['true', POSITION.lastActivityAt, 'c-1']),
  forged([true, 'infinity', 'c-1']),
  forged([true, '2026-99-05T10:00:00.120001Z', 'c-1']),
  forged([true, POSITION.lastActivityAt, 'a b']),
])('%s is refused', (cursor) => {
  expect(() => decodeCursor(cursor)).toThrow('cursor: not a cursor of this list');
});
