import { expect, test } from 'vitest';
import { LogTail } from './log-tail.ts';

test('keeps the last lines, whole ones and the one that has no end yet', () => {
  const tail = new LogTail();
  tail.write('one\ntw');
  tail.write('o\nthree');
  expect(tail.lines()).toEqual(['one', 'two', 'three']);
});

test('is bounded whatever is written', () => {
  const tail = new LogTail();
  for (let chunk = 0; chunk < 1000; chunk += 1) tail.write(`${'x'.repeat(5000)}\n${'y\n'.repeat(500)}`);
  expect(tail.lines().length).toBeLessThanOrEqual(51);
  expect(Math.max(...tail.lines().map((line) => line.length))).toBeLessThanOrEqual(2000);
});
