import { expect, test } from 'vitest';
import { HostPulse } from './host-pulse.ts';

function createPulse() {
  let now = 0;
  let pings = 0;
  const pulse = new HostPulse({ pingMs: 10, blockedMs: 100, monotonic: () => now, ping: () => (pings += 1) });
  return { pulse, at: (time: number) => void (now = time), pings: () => pings };
}

test('pings at its pace', () => {
  const { pulse, at, pings } = createPulse();
  for (const time of [5, 9, 10, 15, 20, 29, 30]) {
    at(time);
    pulse.beat();
  }
  expect(pings()).toBe(3);
});

test('silence counts from the first ping without an answer', () => {
  const { pulse, at } = createPulse();
  for (let time = 10; time <= 110; time += 10) {
    at(time);
    pulse.beat();
  }
  expect(pulse.isBlocked).toBe(false);
  at(111);
  expect(pulse.isBlocked).toBe(true);
  pulse.heard();
  expect(pulse.isBlocked).toBe(false);
});

test('a host that nobody pinged is not blocked, however late it is', () => {
  const { pulse, at } = createPulse();
  at(1_000_000);
  expect(pulse.isBlocked).toBe(false);
});
