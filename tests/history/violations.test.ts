import { expect, test } from 'vitest';
import {
  C,
  CONVERSATION,
  REST,
  ack,
  after,
  both,
  changeLog,
  changeRow,
  changeStores,
  entry,
  final,
  frame,
  gone,
  isFrame,
  isLine,
  judge,
  line,
  open,
  plus,
  replaceEntry,
  row,
  submit,
  tell,
  without,
  withoutFrame,
} from './draft.ts';
import type { Change } from './draft.ts';

test.each<[string, string, Change]>([
  ['ends', 'message m9 was acked as t9 and has no row', plus(submit(9), ack(9), final(9, ''))],
  [
    'ends',
    't1 ended twice: complete, complete',
    (history) => {
      const again = entry(7, 'chat_complete', 't1', { data: { final_answer: 'Hello' } });
      replaceEntry(again)(history);
    },
  ],
  [
    'ends',
    't3 is completed and nobody was told',
    both(
      changeLog((log) => log.filter(({ id }) => id !== '1-12')),
      withoutFrame('1-12'),
    ),
  ],
  [
    'ends',
    't3 is failed and was told as complete',
    both(
      changeRow('t3', { status: 'failed', answerText: 'Bye' }),
      without((record) => record.kind === 'final' && record.key === 'm3'),
      plus(final(3, 'Bye', 'failed')),
    ),
  ],
  [
    'ends',
    'the client of t3 never heard how it ended',
    without((record) => record.kind === 'final' && record.key === 'm3'),
  ],
  [
    'ends',
    'the client of t2 heard completed, its row is folded',
    both(
      without((record) => record.kind === 'final' && record.key === 'm2'),
      plus(final(2, '', 'completed')),
    ),
  ],
  [
    'ends',
    'clients saw c1 as idle, it is error',
    changeStores({ conversations: { [CONVERSATION]: { state: 'error', turn: '' } } }),
  ],
  [
    'retries',
    'message m1 was acked as 2 turns: t1, t4',
    plus(submit(1), ack(1, { turn: 't4', status: 'active_turn_control_no_active_turn' })),
  ],
  [
    'retries',
    't1 was given to two messages: ada m4 and ada m1',
    after(isFrame('1-0'), submit(4), ack(4, { turn: 't1' })),
  ],
  [
    'retries',
    'message m1 has 2 rows: t1, t4',
    (history) => void history.stores.rows.push(row(4, { key: 'm1', kind: 'recorded' })),
  ],
  [
    'retries',
    'message m5 was refused, and there is t5, completed',
    both(
      plus(submit(5), { ...C, kind: 'refused', key: 'm5', status: 503, errorType: 'x' }),
      (history) => void history.stores.rows.push(row(5, { kind: 'recorded' })),
    ),
  ],
  [
    'order',
    't1 did "emit" after t3 had begun',
    both(without(isLine('t1', 'end')), (history) => {
      const at = history.records.findIndex((record) => record.kind === 'bundle' && record.text === 'lo');
      const [late] = history.records.splice(at, 1);
      if (late !== undefined) after(isLine('t3', 'begin'), late)(history);
    }),
  ],
  [
    'order',
    't3 was sent after the ack of t1 and ran before it',
    (history) => {
      const lines = history.records.filter((record) => record.kind === 'bundle');
      history.records = [
        ...history.records.filter((record) => record.kind !== 'bundle'),
        ...lines.filter(({ turn }) => turn === 't3'),
        ...lines.filter(({ turn, step }) => turn === 't1' && step !== 'took'),
      ];
      gone('t2')(history);
      without((record) => 'key' in record && record.key === 'm2')(history);
    },
  ],
  [
    'order',
    't3 starts before the end of t1',
    (history) => {
      replaceEntry(entry(7, 'chat_start', 't3'))(history);
      replaceEntry(entry(10, 'chat_service', 't3', { type: 'x' }))(history);
    },
  ],
  [
    'streams',
    'x went from 1-0 to 1-13 without chat_start 1-2 of t1',
    (history) => {
      withoutFrame('1-2')(history);
    },
  ],
  [
    'streams',
    'x got chat_service 1-4 after 1-5',
    (history) => {
      const at = history.records.findIndex(isFrame('1-4'));
      const [moved] = history.records.splice(at, 1);
      if (moved !== undefined) after(isFrame('1-5'), moved)(history);
    },
  ],
  [
    'streams',
    'x asked to go on from 1-5 and was told 1-3',
    after(isFrame('1-5'), open({ from: '1-5', resumedFrom: '1-3' })),
  ],
  [
    'streams',
    'x asked to go on from 1-5 and silently began anew at 1-5',
    after(isFrame('1-5'), open({ from: '1-5' }), frame({ id: '1-5', event: 'ready', data: '{}' })),
  ],
  [
    'streams',
    'x got chat_service 1-6 without a proof that nothing is missing before it',
    after(isFrame('1-5'), open({ from: '1-5' })),
  ],
  [
    'texts',
    'x: the deltas of t1 are not the log: "Hel" and "Hello"',
    (history) => {
      withoutFrame('1-5')(history);
    },
  ],
  [
    'texts',
    'the log\'s deltas of t3 are not its row: "Bye" and "Byes"',
    both(
      changeRow('t3', { answerText: 'Byes' }),
      without((record) => record.kind === 'final' && record.key === 'm3'),
      plus(final(3, 'Byes')),
    ),
  ],
  [
    'texts',
    'the client\'s answer of t3 are not its row: "By" and "Bye"',
    both(
      without((record) => record.kind === 'final' && record.key === 'm3'),
      plus(final(3, 'By')),
    ),
  ],
  ['runs', 't1 began 2 times', after(isLine('t1', 'begin'), line('t1', 'begin'))],
  [
    'runs',
    't3 is completed and never ran',
    without((record) => record.kind === 'bundle' && record.turn === 't3'),
  ],
  ['runs', 't2 is folded into t1, which never got it', without(isLine('t1', 'took'))],
  ['runs', 't2 was taken 2 times', after(isLine('t1', 'took'), line('t1', 'took', { taken: 't2' }))],
  ['runs', 't2 was taken by t1, its row says t3', changeRow('t2', { foldedInto: 't3' })],
  [
    'runs',
    't2 was folded and ran as well',
    after(isLine('t1', 'end'), line('t2', 'begin'), line('t2', 'end')),
  ],
  ['runs', 't3 is a steer and ran as a turn', changeRow('t3', { kind: 'steer' })],
  ['fences', 'chat_step 1-14 of t3 comes after its end', tell(entry(14, 'chat_step', 't3'))],
  ['fences', 't1 has two chat_start', replaceEntry(entry(1, 'chat_start', 't1'))],
  [
    'fences',
    't1 did "end" in h2 while it ran in h1',
    (history) => {
      history.records = history.records.map((record) =>
        isLine('t1', 'end')(record) ? line('t1', 'end', { host: 'h2' }) : record,
      );
    },
  ],
  [
    'fences',
    'the log of t3 has words that its host did not say in this order: "Bye", and the host ""',
    (history) => {
      without(isLine('t3', 'emit'))(history);
    },
  ],
  [
    'places',
    'task k7 is nowhere',
    plus({ at: 0, kind: 'places', tasks: ['k7'], ready: [], inflight: [], held: [], mailbox: [] }),
  ],
  [
    'places',
    'task k7 is in 2 places: ready, inflight',
    plus({ at: 0, kind: 'places', tasks: ['k7'], ready: ['k7'], inflight: ['k7'], held: [], mailbox: [] }),
  ],
  [
    'places',
    'k7 is in held and has no task',
    plus({ at: 0, kind: 'places', tasks: [], ready: [], inflight: [], held: ['k7'], mailbox: [] }),
  ],
  [
    'canaries',
    'ada-1 of ada was shown canary-eve of eve in a fetched',
    plus({ ...C, kind: 'fetched', what: 'list', data: '["canary-eve"]' }),
  ],
  [
    'canaries',
    'ada-1 of ada was shown canary-mal of a stranger in a frame',
    plus(frame({ event: 'lagged', data: '"canary-mal"' })),
  ],
  ['idleness', 'key {t:p}:chat:task:k1 is left over', changeStores({ workKeys: ['{t:p}:chat:task:k1'] })],
  [
    'idleness',
    'c1 is busy with t3',
    changeStores({ conversations: { [CONVERSATION]: { state: 'idle', turn: 't3' } } }),
  ],
  ['idleness', 'row t6 is queued', (history) => void history.stores.rows.push(row(6, { status: 'queued' }))],
  ['idleness', 'it came to rest after 10400 ms', changeStores({ idleAfterMs: 10_400 })],
  [
    'idleness',
    'it never came to rest',
    (history) => {
      const { idleAfterMs: _gone, ...rest } = history.stores;
      history.stores = rest;
    },
  ],
  [
    'idleness',
    '1 connection more than before the run: proc:commands',
    changeStores({
      resources: { before: REST, after: { ...REST, connections: ['proc:commands', 'proc:commands'] } },
    }),
  ],
  [
    'idleness',
    '1 process more than before the run: host',
    changeStores({ resources: { before: REST, after: { ...REST, processes: ['chat-proc', 'host'] } } }),
  ],
  [
    'idleness',
    'chat-proc has 6 timers, before the run 5',
    changeStores({ resources: { before: REST, after: { ...REST, timers: { 'chat-proc': 6 } } } }),
  ],
])('%s: %s', (rule, message, change) => {
  const found = judge(change);
  expect(found).toContainEqual({ rule, message });
  expect([...new Set(found.map((each) => each.rule))]).toEqual([rule]);
});
