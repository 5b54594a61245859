import { expect, test } from 'vitest';
import { CalculationError, calculate } from './calculate.ts';

test.each([
  ['2 + 3 * 4', 14],
  ['(2 + 3) * 4', 20],
  ['-2 ^ 2', -4],
  ['2 ^ 3 ^ 2', 512],
  ['2 ** 0.5 * 2 ** 0.5', 2],
  ['10 - 4 - 3', 3],
  ['7 % 4', 3],
  ['2^-1', 0.5],
  ['1.5e3 + .5', 1500.5],
  ['sqrt(16) + max(1, 2, 3)', 7],
  ['round(PI * 100) / 100', 3.14],
  ['log2(8)', 3],
])('%s is %d', (expression, value) => {
  expect(calculate(expression)).toBeCloseTo(value, 10);
});

test.each([
  ['', 'ends too early'],
  ['2 +', 'ends too early'],
  ['(1', '")" is missing'],
  ['1 2', 'unexpected "2"'],
  ['process.exit()', 'unexpected "process"'],
  ['constructor', 'unexpected "constructor"'],
  ['toString(1)', 'unexpected "tostring"'],
  ['1 / 0', 'not a finite number'],
  ['('.repeat(200), 'nested too deeply'],
  ['-'.repeat(200), 'nested too deeply'],
  ['1'.repeat(501), 'longer than 500'],
])('%s is refused: %s', (expression, reason) => {
  expect(() => calculate(expression)).toThrow(CalculationError);
  expect(() => calculate(expression)).toThrow(reason);
});
