import { expect, test } from 'vitest';
import {
  C,
  ack,
  after,
  both,
  changeLog,
  changeRow,
  entry,
  envelope,
  final,
  frame,
  isFrame,
  isLine,
  judge,
  line,
  open,
  plus,
  replaceEntry,
  submit,
  without,
  withoutFrame,
} from './draft.ts';
import type { CheckOptions } from './check-options.ts';
import type { Change } from './draft.ts';

test('a history that keeps every promise has no violation', () => {
  expect(judge(() => {})).toEqual([]);
});

test.each<[string, Change]>([
  [
    'a resumed stream',
    after(isFrame('1-5'), open({ from: '1-5', resumedFrom: '1-5' }), frame({ event: 'ready', data: '{}' })),
  ],
  [
    'a resumed stream with merged deltas',
    (history) => {
      const merged = envelope('t1', { delta: { text: 'Hello', marker: 'answer' }, extra: { merged: 2 } });
      withoutFrame('1-3')(history);
      history.records = history.records.map((record) =>
        isFrame('1-5')(record) ? frame({ id: '1-5', event: 'chat_delta', data: merged }) : record,
      );
    },
  ],
  [
    'a resync whose snapshot is ahead of it',
    both(
      without((record) => record.kind === 'frame' && ['1-1', '1-3'].includes(record.id ?? '')),
      (history) => {
        const at = history.records.findIndex(isFrame('1-2'));
        const turns = [{ turn_id: 't1', answer_so_far: 'Hel', log_id: '1-3' }];
        history.records.splice(
          at,
          0,
          open({ from: '0-7' }),
          frame({ event: 'ready', data: '{}' }),
          frame({ id: '1-1', event: 'resync', data: JSON.stringify({ turns }) }),
        );
      },
    ),
  ],
  [
    'a resync in the middle of an answer',
    both(
      without((record) => record.kind === 'frame' && ['1-3', '1-4'].includes(record.id ?? '')),
      after(
        isFrame('1-2'),
        open({ from: '1-2' }),
        frame({ event: 'ready', data: '{}' }),
        frame({
          id: '1-4',
          event: 'resync',
          data: JSON.stringify({ turns: [{ turn_id: 't1', answer_so_far: 'Hel', log_id: '1-3' }] }),
        }),
      ),
    ),
  ],
  [
    'the events of another stream left out',
    changeLog((log) => [...log, { ...entry(14, 'chat_step', 't9'), stream: 'st2' }]),
  ],
  [
    'a log whose head was cut in the middle of an answer',
    changeLog((log) => log.slice(log.findIndex(({ event }) => event === 'chat_delta') + 1)),
  ],
  ['a retry with the same answer', plus(submit(1), ack(1))],
  [
    'a refusal that left nothing',
    plus(submit(8), { ...C, kind: 'refused', key: 'm8', status: 503, errorType: 'queue.enqueue_rejected' }),
  ],
  [
    'an interrupted turn whose host wrote no end',
    both(
      without(isLine('t3', 'end')),
      changeRow('t3', { status: 'interrupted', answerText: null }),
      replaceEntry(entry(12, 'chat_error', 't3', { data: { error_type: 'turn_interrupted' } })),
      without((record) => record.kind === 'final' && record.key === 'm3'),
      plus(final(3, '', 'interrupted')),
    ),
  ],
])('%s is no violation', (_name, change) => {
  expect(judge(change)).toEqual([]);
});

test('a turn of a bundle that may be run again may begin twice', () => {
  const again = after(
    isLine('t3', 'begin'),
    line('t3', 'begin', { host: 'h2' }),
    line('t3', 'emit', { host: 'h2', text: 'Bye' }),
    line('t3', 'end', { host: 'h2' }),
  );
  const change = both(
    without((record) => record.kind === 'bundle' && record.turn === 't3' && record.step !== 'begin'),
    again,
  );
  expect(judge(change, { mayRunAgain: (turn) => turn === 't3' })).toEqual([]);
  expect(judge(change)).toEqual([{ rule: 'runs', message: 't3 began 2 times' }]);
});

test('what a Redis forgot may be told again, in its next epoch and as the same', () => {
  const again = (id: string, rest: object): Change =>
    changeLog((log) => [
      ...log,
      { ...entry(0, 'chat_complete', 't3', { data: { final_answer: 'Bye' } }), id, ...rest },
    ]);
  const forgot = { forgotBetween: (older: number, newer: number) => older === 1 && newer === 2 };
  expect(judge(again('2-1', {}), forgot)).toEqual([]);
  expect(judge(again('2-1', {}))).not.toEqual([]);
  expect(judge(again('3-1', {}), forgot)).not.toEqual([]);
  expect(judge(again('1-20', {}), forgot)).not.toEqual([]);
  const other = { event: 'chat_error', data: envelope('t3', { data: { error_type: 'turn_interrupted' } }) };
  expect(judge(again('2-1', other), forgot)).not.toEqual([]);
});

test('an end that nobody saw may have been told to a Redis that has forgotten it since', () => {
  const unseen = both(
    changeLog((log) => [
      { ...entry(10, 'chat_start', 't3'), id: '2-1' },
      { ...entry(8, 'chat_complete', 't1', { data: { final_answer: 'Hello' } }), id: '2-2' },
      { ...entry(12, 'chat_complete', 't3', { data: { final_answer: 'Bye' } }), id: '2-3' },
      ...log.filter(({ id }) => id === '1-2' || id === '1-6'),
    ]),
    without((record) => record.kind === 'frame' || record.kind === 'open'),
  );
  const order = (options: CheckOptions): string[] =>
    judge(unseen, options).flatMap(({ rule, message }) => (rule === 'order' ? [message] : []));
  expect(order({})).toEqual(['t3 starts before the end of t1']);
  expect(order({ forgotBetween: (older) => older === 1 })).toEqual([]);
  expect(order({ forgotBetween: (older) => older === 2 })).toEqual(['t3 starts before the end of t1']);
});

test('what one reader saw without a gap is in order whatever was forgotten', () => {
  const early = both(
    replaceEntry(entry(7, 'chat_start', 't3')),
    replaceEntry(entry(10, 'chat_service', 't3', { type: 'x' })),
  );
  const order = judge(early, { forgotBetween: () => true }).filter(({ rule }) => rule === 'order');
  expect(order).toEqual([{ rule: 'order', message: 'x saw t3 start before the end of t1' }]);
});
