import { expect, test } from 'vitest';
import { readServerInfo, refusalOfServer } from './server-info.ts';

const info = (...lines: string[]) => readServerInfo(['# Server', ...lines, 'x:y', ''].join('\r\n'));

test('redis and valkey say who they are', () => {
  expect(info('redis_version:7.0.15', `run_id:${'a1'.repeat(20)}`, 'role:master')).toEqual({
    runId: 'a1'.repeat(20),
    role: 'master',
    product: 'redis 7.0.15',
    version: '7.0.15',
  });
  expect(info('redis_version:7.2.4', 'valkey_version:8.0.1', 'role:slave')).toMatchObject({
    role: 'slave',
    product: 'valkey 8.0.1',
    version: '7.2.4',
  });
});

test.each(['7.0.0', '7.0.15', '8.2.1', '10.0.0', ''])('version %s may serve', (version) => {
  expect(refusalOfServer(info(`redis_version:${version}`))).toBeUndefined();
});

test.each(['6.2.14', '5.0.0', '6.0.16'])('version %s is refused', (version) => {
  expect(refusalOfServer(info(`redis_version:${version}`))).toMatchObject({
    code: 'CONFIG',
    message: `redis ${version} is too old: Redis 7.0 or newer is needed, or Valkey`,
  });
});
