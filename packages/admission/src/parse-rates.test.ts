import { expect, test } from 'vitest';
import { parseRates } from './parse-rates.ts';

test('windows come shortest first', () => {
  expect(parseRates('120/1h, 10/1m,3/s,5000/2d')).toEqual([
    { calls: 3, windowSec: 1 },
    { calls: 10, windowSec: 60 },
    { calls: 120, windowSec: 3600 },
    { calls: 5000, windowSec: 172_800 },
  ]);
});

test.each(['', '10', '10/', '0/1m', '10/0m', '-1/m', '1.5/m', '10/1w', '10/1m,', '10/1m;5/h', '١/m'])(
  '%j is refused',
  (text) => {
    expect(parseRates(text)).toBeUndefined();
  },
);
