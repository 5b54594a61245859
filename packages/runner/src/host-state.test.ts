import { expect, test } from 'vitest';
import { HOST_STATES, HOST_TRANSITIONS, canChange } from './host-state.ts';
import type { HostState } from './host-state.ts';

const reachable = (from: HostState, seen: Set<HostState> = new Set([from])): Set<HostState> => {
  for (const to of HOST_TRANSITIONS[from]) if (!seen.has(to)) reachable(to, seen.add(to));
  return seen;
};

test('the allowed transitions are these and no others', () => {
  const allowed = HOST_STATES.flatMap((from) =>
    HOST_STATES.filter((to) => canChange(from, to)).map((to) => `${from} -> ${to}`),
  );
  expect(allowed).toEqual([
    'starting -> ready',
    'starting -> defunct',
    'ready -> busy',
    'ready -> draining',
    'ready -> stopped',
    'busy -> ready',
    'busy -> draining',
    'busy -> stopped',
    'draining -> stopped',
  ]);
});

test('every state is reached from the start, and every one leads to an end', () => {
  expect([...reachable('starting')].toSorted()).toEqual([...HOST_STATES].toSorted());
  for (const state of HOST_STATES) {
    const ends = [...reachable(state)].filter((to) => HOST_TRANSITIONS[to].length === 0);
    expect(ends.length).toBeGreaterThan(0);
  }
});
