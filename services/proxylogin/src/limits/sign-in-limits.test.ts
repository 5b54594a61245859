import { expect, test } from 'vitest';
import { decideSubjects } from './sign-in-limits.ts';

const RATES = {
  attemptsOfAddress: [{ calls: 30, windowSec: 600 }],
  attemptsOfAccount: [{ calls: 10, windowSec: 600 }],
  attemptsOfBrowser: [{ calls: 5, windowSec: 600 }],
};
const names = (address: string | undefined, browserId?: string) =>
  decideSubjects({ at: 'password', account: 'ann', address, browserId }, RATES).map((each) => each.name);

test('a stranger pays by address and account, a known browser alone', () => {
  expect(names('10.0.0.1')).toEqual(['address:10.0.0.1', 'password:account:ann']);
  expect(names(undefined)).toEqual(['password:account:ann']);
  expect(names('10.0.0.1', 'b1')).toEqual(['password:browser:b1']);
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(names(address)[0]).toBe(`address:${network}`);
});
