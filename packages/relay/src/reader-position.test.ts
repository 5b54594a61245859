import type { LogEntry } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { ReaderPosition } from './reader-position.ts';

const entry = (logId: string, more: object = {}) =>
  ({
    logId,
    event: 'chat_delta',
    data: '',
    streamId: '',
    conversationId: '',
    turnId: '',
    ...more,
  }) as LogEntry;

test('what comes twice is known, and what begins before the reader’s place and ends after it cannot be given', () => {
  const reader = new ReaderPosition('1-10');
  expect(reader.take(entry('1-10'), false)).toBe('known');
  expect(reader.take(entry('1-12', { firstLogId: '1-9' }), false)).toBe('split');
  expect(reader.id).toBe('1-10');
  expect(reader.take(entry('1-12', { firstLogId: '1-11' }), false)).toBe('new');
  expect(reader.take(entry('1-12'), true)).toBe('known');
  expect(reader.take(entry('1-13'), true)).toBe('new');
  expect(reader.id).toBe('1-13');
});

test('moves forward only', () => {
  const reader = new ReaderPosition('1-10');
  expect([reader.move('1-9'), reader.move('1-10'), reader.move('2-1')]).toEqual([false, false, true]);
  expect(reader.id).toBe('2-1');
});

test('a resync stands for events, and not for words of the platform', () => {
  const reader = new ReaderPosition('1-10');
  expect(reader.take(entry('1-11'), true)).toBe('new');
  reader.resync('1-11', '1-20');
  expect(reader.take(entry('1-15'), true)).toBe('known');
  expect(reader.take(entry('1-16', { event: 'chat_service' }), true)).toBe('aside');
  // Before the resync: the reader has had that one.
  expect(reader.take(entry('1-11', { event: 'chat_service' }), true)).toBe('known');
  expect(reader.take(entry('1-21'), true)).toBe('new');
});
