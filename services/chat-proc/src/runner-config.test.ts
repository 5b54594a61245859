import { expect, test } from 'vitest';
import { procConfigSchema } from './env.ts';
import { runnerConfig } from './runner-config.ts';

const NEEDED = { databaseUrl: 'postgres://127.0.0.1/x', switchyardMasterKey: 'a'.repeat(64) };

const configOf = (settings: Record<string, string>) =>
  runnerConfig(procConfigSchema.parse({ ...NEEDED, ...settings }));

test('processes of bundles are the worker’s own user unless another one is named', () => {
  expect(configOf({})).not.toHaveProperty('uid');
  expect(configOf({ runnerUid: '1001' })).toMatchObject({ uid: 1001, gid: 1001 });
  expect(configOf({ runnerUid: '1001', runnerGid: '50' })).toMatchObject({ uid: 1001, gid: 50 });
});

test('memory is told in MiB', () => {
  expect(configOf({ runnerMemory: '300MiB', runnerMaxMemory: '1GiB' })).toMatchObject({
    memoryMb: 300,
    maxMemoryMb: 1024,
  });
});
