import { expect, test } from 'vitest';
import { parseRedisUrl, redisUrlSetting } from './redis-url.ts';

test.each([
  ['redis://localhost', { kind: 'single', node: { host: 'localhost', port: 6379 }, db: 0, isTls: false }],
  [
    'rediss://app:p%40ss@cache.example:6380/2',
    {
      kind: 'single',
      username: 'app',
      password: 'p@ss',
      isTls: true,
      node: { host: 'cache.example', port: 6380 },
      db: 2,
    },
  ],
  [
    'redis+sentinel://:secret@a:26379,b,[::1]:7/main/3?sentinel_password=other',
    {
      kind: 'sentinel',
      password: 'secret',
      isTls: false,
      nodes: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_379 },
        { host: '::1', port: 7 },
      ],
      master: 'main',
      db: 3,
      sentinelPassword: 'other',
    },
  ],
  [
    'rediss+cluster://a:7000,b:7001',
    {
      kind: 'cluster',
      isTls: true,
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 7001 },
      ],
    },
  ],
])('%s', (url, address) => {
  expect(parseRedisUrl(url)).toEqual(address);
});

test.each([
  ['localhost:6379', /expected redis:\/\/host:port/],
  ['http://localhost', /expected redis:/],
  ['redis://a:1,b:2', /names one server/],
  ['redis://a:b:c', /not host:port/],
  ['redis://', /not host:port/],
  ['redis://a:99999', /port of a/],
  ['redis://a/x', /database is not a number/],
  ['redis://word@a', /user:password/],
  ['redis://:%zz@a', /hexadecimal/],
  ['redis://a?family=6', /no parameter "family"/],
  ['redis+sentinel://a:1,b:2', /master name is missing/],
  ['redis+sentinel://a/main/0/more', /master name is missing/],
  ['redis+cluster://a:1/1', /no database number/],
  ['redis+cluster://a:1,,b:1', /not host:port/],
])('%s is refused', (url, problem) => {
  expect(() => parseRedisUrl(url)).toThrow(problem);
});

test('a bad address is an issue of its setting, without the password', () => {
  expect(redisUrlSetting().parse('redis+cluster://a:1')).toBe('redis+cluster://a:1');
  expect(redisUrlSetting('redis://a').parse(undefined)).toBe('redis://a');
  const { error } = redisUrlSetting().safeParse('redis://:canary@a:1,b:2');
  expect(error?.issues.map(({ message }) => message)).toEqual([
    'the address of redis is not valid: redis:// names one server; several are redis+sentinel:// or redis+cluster://',
  ]);
  expect(redisUrlSetting().safeParse(undefined).success).toBe(false);
});
