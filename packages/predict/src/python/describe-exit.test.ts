import { expect, test } from 'vitest';
import { describeExit } from './describe-exit.ts';

test('a process is told by its signal, also through a sandbox that has it as a code', () => {
  expect(describeExit(null, 'SIGKILL', false)).toBe('it was ended by SIGKILL');
  expect(describeExit(137, null, true)).toBe('it was ended by SIGKILL');
  expect(describeExit(139, null, true)).toBe('it was ended by SIGSEGV');
  expect(describeExit(137, null, false)).toBe('it ended by itself with exit code 137');
});

test('where there is no Python it is the shell that ends', () => {
  expect(describeExit(127, null, false)).toBe(
    'it ended with exit code 127, as where a program is not installed',
  );
});

test('a code is a code', () => {
  expect(describeExit(3, null, true)).toBe('it ended by itself with exit code 3');
  expect(describeExit(128, null, true)).toBe('it ended by itself with exit code 128');
  expect(describeExit(0, null, false)).toBe('it ended by itself with exit code 0');
});
