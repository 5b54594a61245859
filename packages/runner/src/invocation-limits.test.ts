import type { PlatformError } from '@switchyard/kernel';
import { bundleManifestSchema } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { decideLimits } from './invocation-limits.ts';
import { LimitTimers } from './limit-timers.ts';

const manifest = bundleManifestSchema.parse({
  v: 1,
  id: 'a',
  name: 'A',
  hasTurns: true,
  operations: { slow: { timeoutMs: 500 }, free: {} },
  jobs: { long: { timeoutMs: 9000 } },
  limits: { idleMs: 100, wallMs: 1000 },
});

test.each([
  ['a turn has the limits of its bundle', { kind: 'turn' }, { idleMs: 100, wallMs: 1000 }],
  ['an operation its own', { kind: 'operation', name: 'slow' }, { timeoutMs: 500 }],
  ['the smaller counts', { kind: 'operation', name: 'slow', timeoutMs: 200 }, { timeoutMs: 200 }],
  ['never the larger', { kind: 'operation', name: 'slow', timeoutMs: 900 }, { timeoutMs: 500 }],
  ['without its own, the caller’s', { kind: 'operation', name: 'free', timeoutMs: 900 }, { timeoutMs: 900 }],
  ['a job of the same name is another one', { kind: 'job', name: 'slow' }, {}],
  ['a job its own', { kind: 'job', name: 'long' }, { timeoutMs: 9000 }],
  ['a name of a prototype has none', { kind: 'operation', name: 'constructor' }, {}],
] as const)('%s', (_what, invocation, expected) => {
  expect(decideLimits(manifest, invocation)).toEqual(expected);
});

const reached = (limits: ConstructorParameters<typeof LimitTimers>[0]): Promise<PlatformError> =>
  new Promise((resolve) => void new LimitTimers(limits, resolve));

test('each limit is told by its own name, once', async () => {
  expect(await reached({ timeoutMs: 5 })).toMatchObject({ code: 'TIMEOUT' });
  expect(await reached({ wallMs: 5, idleMs: 60_000 })).toMatchObject({
    code: 'WATCHDOG_TIMEOUT',
    details: { timeout_kind: 'wall' },
  });
  expect(await reached({ idleMs: 5, wallMs: 60_000 })).toMatchObject({
    code: 'WATCHDOG_TIMEOUT',
    details: { timeout_kind: 'idle' },
  });
});
