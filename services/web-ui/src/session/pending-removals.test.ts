import { expect, test, vi } from 'vitest';
import { PendingRemovals } from './pending-removals.ts';
import type { RemovalOptions } from './pending-removals.ts';

type Remove = RemovalOptions['remove'];

function build(remove = vi.fn<Remove>(async () => undefined)) {
  const timers: (() => void)[] = [];
  const onFailed = vi.fn<(conversationId: string) => void>();
  const after = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => void timers.splice(timers.indexOf(run), 1);
  };
  return {
    removals: new PendingRemovals({ graceMs: 6000, remove, after, onFailed }),
    remove,
    timers,
    onFailed,
  };
}

test('undone in time nothing is removed', () => {
  const { removals, remove, timers } = build();
  removals.add({ conversationId: 'c', title: 'C' });
  expect(removals.read()).toHaveLength(1);
  removals.undo('c');
  expect(removals.read()).toHaveLength(0);
  expect(timers).toHaveLength(0);
  expect(remove).not.toHaveBeenCalled();
});

test('its time over it is removed, and stays off the list until it is', async () => {
  const { removals, remove, timers } = build();
  removals.add({ conversationId: 'c', title: 'C' });
  timers[0]?.();
  expect(remove).toHaveBeenCalledWith('c', { keepalive: false });
  expect(removals.read()).toHaveLength(1);
  await vi.waitFor(() => expect(removals.read()).toHaveLength(0));
});

test('a page that goes away removes at once, in a request that outlives it', () => {
  const { removals, remove, timers } = build();
  removals.add({ conversationId: 'c', title: 'C' });
  removals.flush();
  expect(remove).toHaveBeenCalledWith('c', { keepalive: true });
  expect(timers).toHaveLength(0);
});

test('what could not be removed comes back', async () => {
  const { removals, timers, onFailed } = build(vi.fn<Remove>(async () => Promise.reject(new Error('no'))));
  removals.add({ conversationId: 'c', title: 'C' });
  timers[0]?.();
  await vi.waitFor(() => expect(onFailed).toHaveBeenCalledWith('c'));
  expect(removals.read()).toHaveLength(0);
});
