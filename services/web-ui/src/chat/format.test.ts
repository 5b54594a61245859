import { expect, test } from 'vitest';
import { formatBytes, formatClock, formatDuration } from './format.ts';

test.each([
  [-5, '0.0 s'],
  [420, '0.4 s'],
  [12_400, '12 s'],
  [65_000, '1 min 5 s'],
  [119_800, '2 min 0 s'],
])('%i ms', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [512, '512 B'],
  [2048, '2 KB'],
  [5 * 1024 * 1024, '5.0 MB'],
])('%i bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test('another day is named', () => {
  const now = new Date(2026, 2, 2, 12, 0);
  expect(formatClock(new Date(2026, 1, 1, 9, 30).getTime(), now)).toMatch(/1/);
  expect(formatClock(new Date(2026, 2, 2, 9, 30).getTime(), now)).not.toMatch(/Mar/);
});
