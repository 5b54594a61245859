import { checkHistory } from './check-history.ts';
import type { CheckOptions } from './check-options.ts';
import type { HistoryRecord } from './records.ts';
import type { LogView, RowView, StoreView } from './store-view.ts';

/** A history that keeps every promise: one conversation, a turn, and a followup that it folded and one that came after. */
export interface Draft {
  records: HistoryRecord[];
  stores: StoreView & { rows: RowView[]; logs: Record<string, LogView[]>; workKeys: string[] };
}

const CANARY = 'canary-ada';
export const C = { client: 'ada-1', at: 0 };
const SESSION = 's1';
export const CONVERSATION = 'c1';
export const envelope = (turn: string, rest: object): string =>
  JSON.stringify({ conversation: { conversation_id: CONVERSATION, turn_id: turn }, ...rest });

export const entry = (seq: number, event: string, turn: string, rest: object = {}): LogView => ({
  id: `1-${seq}`,
  prev: `1-${seq - 1}`,
  event,
  stream: event === 'conv_status' ? '' : 'st1',
  conversation: CONVERSATION,
  turn,
  data: envelope(turn, rest),
});
export const delta = (seq: number, turn: string, text: string): LogView =>
  entry(seq, 'chat_delta', turn, { delta: { text, marker: 'answer' } });
export const status = (seq: number, turn: string, state: string): LogView =>
  entry(seq, 'conv_status', turn, { data: { state } });

const LOG: LogView[] = [
  status(1, 't1', 'in_progress'),
  entry(2, 'chat_start', 't1'),
  delta(3, 't1', 'Hel'),
  entry(4, 'chat_service', 't2', { type: 'event.continuation.accepted' }),
  delta(5, 't1', 'lo'),
  entry(6, 'chat_service', 't2', { type: 'event.continuation.consumed' }),
  entry(7, 'chat_service', 't3', { type: 'event.continuation.accepted' }),
  entry(8, 'chat_complete', 't1', { data: { final_answer: 'Hello' } }),
  status(9, 't3', 'in_progress'),
  entry(10, 'chat_start', 't3'),
  delta(11, 't3', 'Bye'),
  entry(12, 'chat_complete', 't3', { data: { final_answer: 'Bye' } }),
  status(13, 't3', 'idle'),
];

export const row = (seq: number, rest: Partial<RowView> = {}): RowView => ({
  seq,
  turn: `t${seq}`,
  task: `k${seq}`,
  conversation: CONVERSATION,
  session: SESSION,
  user: 'ada',
  key: `m${seq}`,
  kind: 'message',
  status: 'completed',
  foldedInto: null,
  attempt: 1,
  answerText: null,
  errorType: null,
  ...rest,
});

export const submit = (seq: number): HistoryRecord => ({
  ...C,
  kind: 'submit',
  key: `m${seq}`,
  messageKind: 'message',
  text: CANARY,
});
export const ack = (seq: number, rest: object = {}): HistoryRecord => ({
  ...C,
  kind: 'ack',
  key: `m${seq}`,
  status: 'processing_started',
  turn: `t${seq}`,
  task: `k${seq}`,
  conversation: CONVERSATION,
  session: SESSION,
  ...rest,
});
export const line = (
  turn: string,
  step: 'begin' | 'emit' | 'took' | 'end',
  rest: object = {},
): HistoryRecord => ({
  at: 0,
  kind: 'bundle',
  turn,
  conversation: CONVERSATION,
  host: 'h1',
  step,
  ...rest,
});
export const frame = (rest: { id?: string; event: string; data: string }): HistoryRecord => ({
  ...C,
  kind: 'frame',
  chain: 'x',
  ...rest,
});
const seen = ({ id, event, data }: LogView): HistoryRecord => frame({ id, event, data });
export const final = (seq: number, text: string, word = 'completed'): HistoryRecord => ({
  ...C,
  kind: 'final',
  key: `m${seq}`,
  turn: `t${seq}`,
  status: word,
  text,
});

export const REST = { connections: ['proc:commands'], processes: ['chat-proc'], timers: { 'chat-proc': 5 } };

const draft = (): Draft => ({
  records: [
    { ...C, kind: 'client', user: 'ada', canary: CANARY },
    { at: 0, client: 'eve-1', kind: 'client', user: 'eve', canary: 'canary-eve' },
    { ...C, kind: 'open', chain: 'x', session: SESSION, stream: 'st1', isSessionWide: false },
    frame({ id: '1-0', event: 'ready', data: '{}' }),
    ...[1, 2, 3].flatMap((seq) => [submit(seq), ack(seq)]),
    ...LOG.map(seen),
    line('t1', 'begin'),
    line('t1', 'emit', { text: 'Hel' }),
    line('t1', 'emit', { text: 'lo' }),
    line('t1', 'took', { taken: 't2' }),
    line('t1', 'end'),
    line('t3', 'begin'),
    line('t3', 'emit', { text: 'Bye' }),
    line('t3', 'end'),
    { at: 0, kind: 'places', tasks: ['k1', 'k2'], ready: [], inflight: ['k1'], held: [], mailbox: ['k2'] },
    final(1, 'Hello'),
    final(2, '', 'folded'),
    final(3, 'Bye'),
  ],
  stores: {
    rows: [
      row(1, { answerText: 'Hello' }),
      row(2, { status: 'folded', foldedInto: 't1' }),
      row(3, { answerText: 'Bye' }),
    ],
    logs: { [SESSION]: [...LOG] },
    conversations: { [CONVERSATION]: { state: 'idle', turn: '' } },
    workKeys: [],
    resources: { before: REST, after: REST },
    idleAfterMs: 900,
  },
});

export type Change = (history: Draft) => void;

export const judge = (change: Change, options: CheckOptions = {}) => {
  const history = draft();
  change(history);
  return checkHistory(history.records, history.stores, options);
};

export const changeRow =
  (turn: string, rest: Partial<RowView>): Change =>
  ({ stores }) => {
    stores.rows = stores.rows.map((each) => (each.turn === turn ? { ...each, ...rest } : each));
  };
export const without =
  (isGone: (record: HistoryRecord) => boolean): Change =>
  (history) => {
    history.records = history.records.filter((record) => !isGone(record));
  };
export const withoutFrame = (id: string): Change =>
  without((record) => record.kind === 'frame' && record.id === id);
export const plus =
  (...added: HistoryRecord[]): Change =>
  ({ records }) =>
    void records.push(...added);
/** Puts a record right after the first that fits. */
export const after =
  (fits: (record: HistoryRecord) => boolean, ...added: HistoryRecord[]): Change =>
  ({ records }) => {
    records.splice(records.findIndex(fits) + 1, 0, ...added);
  };
export const isLine =
  (turn: string, step: string) =>
  (record: HistoryRecord): boolean =>
    record.kind === 'bundle' && record.turn === turn && record.step === step;
export const isFrame =
  (id: string) =>
  (record: HistoryRecord): boolean =>
    record.kind === 'frame' && record.id === id;
export const changeLog =
  (change: (log: LogView[]) => LogView[]): Change =>
  ({ stores }) => {
    stores.logs = { [SESSION]: change(stores.logs[SESSION] ?? []) };
  };
/** In the log and in the client's stream: for what both show. */
export const tell =
  (extra: LogView): Change =>
  (history) => {
    changeLog((log) => [...log, extra])(history);
    plus(seen(extra))(history);
  };
export const both =
  (...changes: Change[]): Change =>
  (history) => {
    for (const change of changes) change(history);
  };
export const replaceEntry = (changed: LogView): Change =>
  both(
    changeLog((log) => log.map((each) => (each.id === changed.id ? changed : each))),
    (history) => {
      history.records = history.records.map((record) =>
        isFrame(changed.id)(record) ? seen(changed) : record,
      );
    },
  );
export const changeStores =
  (rest: Partial<StoreView>): Change =>
  (history) => {
    history.stores = { ...history.stores, ...rest } as Draft['stores'];
  };

export const open = (rest: object): HistoryRecord => ({
  ...C,
  kind: 'open',
  chain: 'x',
  session: SESSION,
  stream: 'st1',
  isSessionWide: false,
  ...rest,
});

export const gone =
  (turn: string): Change =>
  (history) => {
    history.stores.rows = history.stores.rows.filter((each) => each.turn !== turn);
  };
