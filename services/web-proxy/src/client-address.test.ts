import { expect, test } from 'vitest';
import { createClientReader } from './client-address.ts';
import { addressGroup, createAddressCounts } from './count-by-address.ts';

test.each(['10.0.0.0/33', '10.0.0.0/x', 'example.com', '10.0.0', '::1/129', '/8', ''])(
  'what is no network is an error of the configuration: %s',
  (pattern) => {
    expect(() => createClientReader([pattern])).toThrow('TRUSTED_PROXIES');
  },
);

test.each([
  ['10.1.2.3', true],
  ['::ffff:10.1.2.3', true],
  ['11.1.2.3', false],
  ['fd00::1', true],
  ['fe80::1', false],
  ['', false],
  [undefined, false],
] as const)('%s is trusted: %s', (address, isTrusted) => {
  expect(createClientReader(['10.0.0.0/8', 'fd00::/8']).isTrusted(address)).toBe(isTrusted);
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0db8:0000:0000:ffff:1:2:3', '2001:db8:0:0::/64'],
  ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});

test('places are given back once', () => {
  const counts = createAddressCounts(2);
  const [first, second] = [counts.take('a'), counts.take('a')];
  expect(counts.take('a')).toBeUndefined();
  expect(counts.take('b')).toBeDefined();
  first?.();
  first?.();
  expect(counts.take('a')).toBeDefined();
  expect(counts.take('a')).toBeUndefined();
  second?.();
  expect(counts.take('a')).toBeDefined();
});
