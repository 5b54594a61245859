import { expect, it } from 'vitest';
import { TurnStopwatch } from './turn-stopwatch.ts';

function createStopwatch() {
  let ms = 100;
  const heard: [string, number][] = [];
  const clock = { now: () => 0, monotonic: () => ms };
  const watch = new TurnStopwatch(clock, { queue_ms: 5, claim_ms: 2 }, (part, at) => heard.push([part, at]));
  return { watch, heard, pass: (more: number) => void (ms += more) };
}

it('measures the first word, the first piece of the answer and its way into the log, each once', () => {
  const { watch, heard, pass } = createStopwatch();
  pass(3.04);
  watch.onWord(false);
  pass(1);
  watch.onWord(false);
  pass(10);
  watch.onWord(true);
  pass(0.5);
  watch.onRelayed();
  pass(50);
  watch.onWord(false);
  watch.onRelayed();
  expect(watch.timing).toEqual({ queue_ms: 5, claim_ms: 2, host_ms: 3, first_delta_ms: 14, relay_ms: 0.5 });
  expect(heard.map(([part]) => part)).toEqual(['host', 'first_delta', 'relay']);
});

it('an answer that begins at once is the first word as well', () => {
  const { watch, pass } = createStopwatch();
  pass(4);
  watch.onWord(true);
  expect(watch.timing).toMatchObject({ host_ms: 4, first_delta_ms: 4 });
});
