import { expect, test } from 'vitest';
import { formatLine } from './log-lines.ts';

test('a JSON line is shown as time, level, message and fields', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-01-05T10:00:00.120Z',
    service: 'chat-proc',
    turn_id: 't1',
    count: 2,
    msg: 'queue rebuilt',
  });
  expect(formatLine(line)).toBe('10:00:00.120 warn  queue rebuilt turn_id=t1 count=2');
});

test.each(['plain words', '{ not json', ''])('%j stays as it is', (line) => {
  expect(formatLine(line)).toBe(line);
});
