import { expect, test } from 'vitest';
import { turnRecordSchema } from '@switchyard/protocol';
import { DEFAULT_RECORD_BOUNDS, TurnRecorder } from './turn-recorder.ts';

test('keeps what history shows', () => {
  let now = 0;
  const recorder = new TurnRecorder(() => (now += 1), 'hello__x__1');
  recorder.take({
    kind: 'step',
    name: 'search',
    status: 'started',
    title: 'Searching',
    data: { query: 'q' },
  });
  recorder.take({ kind: 'delta', text: 'Hel', marker: 'answer' });
  recorder.take({ kind: 'delta', text: 'Hm', marker: 'thinking' });
  recorder.take({ kind: 'delta', text: 'panel', marker: 'canvas' });
  recorder.take({ kind: 'delta', text: 'lo', marker: 'answer' });
  recorder.take({ kind: 'step', name: 'search', status: 'completed' });
  recorder.take({ kind: 'citations', items: [{ id: 1, title: 'A' }] });
  recorder.take({
    kind: 'citations',
    items: [
      { id: 1, title: 'A2' },
      { id: 2, title: 'B' },
    ],
  });
  recorder.take({ kind: 'followups', items: ['x'] });
  recorder.take({ kind: 'usage', usage: { provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 } });
  const record = recorder.record('completed');
  expect(turnRecordSchema.parse(record)).toEqual(record);
  expect(record).toMatchObject({
    final_answer: 'Hello',
    thinking: 'Hm',
    steps: [{ name: 'search', status: 'completed', title: 'Searching', data: { query: 'q' }, ts: 1 }],
    citations: [
      { id: 1, title: 'A2' },
      { id: 2, title: 'B' },
    ],
    followups: ['x'],
    bundle_version: 'hello__x__1',
  });
});

test('everything is bounded; an answer over its bound ends the turn', () => {
  const recorder = new TurnRecorder(() => 1, undefined, {
    ...DEFAULT_RECORD_BOUNDS,
    maxAnswerCharacters: 5,
    maxThinkingCharacters: 3,
    maxSteps: 1,
    maxStepDataCharacters: 20,
  });
  recorder.take({ kind: 'delta', text: 'thinking', marker: 'thinking' });
  recorder.take({ kind: 'step', name: 'a', status: 'started', data: { long: 'x'.repeat(50) } });
  recorder.take({ kind: 'step', name: 'b', status: 'started' });
  recorder.take({ kind: 'delta', text: '12345', marker: 'answer' });
  expect(() => recorder.take({ kind: 'delta', text: '6', marker: 'answer' })).toThrow(/longer than 5/u);
  expect(recorder.record('error')).toMatchObject({
    final_answer: '12345',
    thinking: 'thi',
    steps: [{ name: 'a', status: 'error', ts: 1 }],
  });
});
