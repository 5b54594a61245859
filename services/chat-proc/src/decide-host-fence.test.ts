import { expect, test } from 'vitest';
import { decideHostFence } from './decide-host-fence.ts';

test('the usual lease gives the usual times', () => {
  expect(decideHostFence(5000)).toEqual({ pingMs: 1000, selfFenceMs: 4000 });
});

test.each([1000, 1500, 60_000])(
  'with a lease of %i ms a host is silent before it is over, and hears of it often',
  (leaseMs) => {
    const { pingMs, selfFenceMs } = decideHostFence(leaseMs);
    expect(selfFenceMs).toBeLessThan(leaseMs);
    expect(pingMs * 3).toBeLessThan(selfFenceMs);
  },
);
