import { Deadline, systemClock } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { expect, test } from 'vitest';
import type { PredictorHost } from './predictor-host.ts';
import type { PredictCall } from './predictor.ts';
import { SupervisedPredictor } from './supervised-predictor.ts';

const CALL: PredictCall = {
  id: 'a',
  input: {},
  files: [],
  context: {},
  createdAt: '',
  startedAt: '',
  signal: new AbortController().signal,
  onLog: () => undefined,
  onMetric: () => undefined,
  onOutput: () => Promise.resolve(),
};

/** A host whose answer to the next question of its health is given by hand. */
async function open() {
  let answer: (healthy: boolean | undefined) => void = () => undefined;
  let asked = 0;
  const ended = Promise.withResolvers<string>();
  const host: PredictorHost = {
    schemas: {},
    maxConcurrency: 1,
    ended: ended.promise,
    predict: () => Promise.resolve({ status: 'succeeded' }),
    check() {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    },
    async stop() {
      ended.resolve('stopped');
    },
  };
  const predictor = new SupervisedPredictor({
    startHost: () => Promise.resolve(host),
    config: { maxCrashes: 5, crashWindowMs: 1, breakerOpenMs: 1, maxLogCharacters: 100 },
    log: silentLog,
    now: () => 0,
    monotonic: () => 0,
  });
  await predictor.start();
  return {
    predictor,
    answer: (healthy: boolean | undefined) => answer(healthy),
    asked: () => asked,
    close: () => predictor.stop(Deadline.in(0, systemClock)),
  };
}

test('no answer because of a prediction that came after the question does not make it unhealthy', async () => {
  const { predictor, answer, close } = await open();
  const checked = predictor.check();
  await predictor.predict(CALL);
  answer(undefined);
  expect([await checked, predictor.status]).toEqual([true, 'READY']);
  await close();
});

test('no answer while nothing was computed, and a no, do; a yes mends it', async () => {
  const { predictor, answer, asked, close } = await open();
  for (const said of [undefined, false]) {
    const both = [predictor.check(), predictor.check()];
    answer(said);
    expect([await Promise.all(both), predictor.status]).toEqual([[false, false], 'UNHEALTHY']);
    const again = predictor.check();
    answer(true);
    expect([await again, predictor.status]).toEqual([true, 'READY']);
  }
  // Those who ask at once share one question.
  expect(asked()).toBe(4);
  await close();
});

test('what it takes is known as soon as its code was read, and no longer when setup failed', async () => {
  const schemas = { Input: { type: 'object' } };
  const { promise, reject } = Promise.withResolvers<PredictorHost>();
  const predictor = new SupervisedPredictor({
    startHost: (sink) => {
      sink.onSchemas?.({ schemas, maxConcurrency: 1 });
      return promise;
    },
    config: { maxCrashes: 5, crashWindowMs: 1, breakerOpenMs: 1, maxLogCharacters: 100 },
    log: silentLog,
    now: () => 0,
    monotonic: () => 0,
  });
  const started = predictor.start();
  expect([predictor.status, predictor.schemas]).toEqual(['STARTING', schemas]);
  reject(new Error('no weights'));
  await started;
  expect([predictor.status, predictor.schemas]).toEqual(['SETUP_FAILED', undefined]);
});
