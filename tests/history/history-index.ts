import { compareIds } from './log-ids.ts';
import type { Acked, BundleRecord, ClientBorn, HistoryRecord, Opened, Seen } from './records.ts';
import type { LogView, RowView, StoreView } from './store-view.ts';

/** One reader's way through the events, over all its connections. */
export interface Chain {
  readonly name: string;
  readonly client: string;
  readonly session: string;
  readonly stream: string;
  readonly isSessionWide: boolean;
  readonly conversation: string | undefined;
  readonly steps: readonly (Opened | Seen)[];
}

/** A message as its clients know it: all attempts under one key. */
export interface Message {
  readonly user: string;
  readonly key: string;
  readonly acks: readonly Acked[];
}

export interface HistoryIndex {
  readonly records: readonly HistoryRecord[];
  readonly stores: StoreView;
  readonly clients: ReadonlyMap<string, ClientBorn>;
  readonly messages: readonly Message[];
  readonly rows: ReadonlyMap<string, RowView>;
  readonly chains: readonly Chain[];
  /** Journal lines by turn, and all of them in order. */
  readonly runs: ReadonlyMap<string, readonly BundleRecord[]>;
  readonly journal: readonly BundleRecord[];
  readonly deleted: ReadonlySet<string>;
  /** By session: what the log holds at the end and what anybody saw of it, by id in order. Merged deltas are left out. */
  readonly events: ReadonlyMap<string, readonly LogView[]>;
}

interface Envelope {
  type?: string;
  delta?: { text?: string; marker?: string };
  data?: { error_type?: string; final_answer?: string; state?: string };
  extra?: { merged?: number };
  conversation?: { conversation_id?: string; turn_id?: string };
}

export function readEnvelope(data: string): Envelope {
  return data === '' ? {} : (JSON.parse(data) as Envelope);
}

export function indexHistory(records: readonly HistoryRecord[], stores: StoreView): HistoryIndex {
  const clients = new Map(
    records.flatMap((record) => (record.kind === 'client' ? [[record.client, record] as const] : [])),
  );
  const journal = records.filter((record) => record.kind === 'bundle');
  const chains = indexChains(records);
  return {
    records,
    stores,
    clients,
    messages: indexMessages(records, clients),
    rows: new Map(stores.rows.map((row) => [row.turn, row])),
    chains,
    runs: Map.groupBy(journal, (line) => line.turn),
    journal,
    deleted: new Set(records.flatMap((record) => (record.kind === 'deleted' ? [record.conversation] : []))),
    events: indexEvents(stores, chains),
  };
}

function indexMessages(
  records: readonly HistoryRecord[],
  clients: ReadonlyMap<string, ClientBorn>,
): Message[] {
  const acks = new Map<string, { user: string; key: string; acks: Acked[] }>();
  for (const record of records) {
    if (record.kind !== 'submit' && record.kind !== 'ack') continue;
    const user = clients.get(record.client)?.user ?? record.client;
    const name = JSON.stringify([user, record.key]);
    const message = acks.get(name) ?? { user, key: record.key, acks: [] };
    acks.set(name, message);
    if (record.kind === 'ack') message.acks.push(record);
  }
  return [...acks.values()];
}

function indexChains(records: readonly HistoryRecord[]): Chain[] {
  const chains = new Map<string, Chain & { steps: (Opened | Seen)[] }>();
  for (const record of records) {
    if (record.kind === 'open') {
      const { chain: name, client, session, stream, isSessionWide, conversation } = record;
      const born = { name, client, session, stream, isSessionWide, conversation, steps: [] };
      const chain = chains.get(name) ?? born;
      chains.set(name, chain);
      chain.steps.push(record);
    } else if (record.kind === 'frame') chains.get(record.chain)?.steps.push(record);
  }
  return [...chains.values()];
}

/** Frames that are no entries of the log. */
const NO_ENTRY = new Set(['', 'ready', 'resync', 'lagged', 'server_shutdown']);

function indexEvents(stores: StoreView, chains: readonly Chain[]): Map<string, LogView[]> {
  const sessions = new Map<string, Map<string, LogView>>();
  const of = (session: string): Map<string, LogView> => {
    const entries = sessions.get(session) ?? new Map<string, LogView>();
    sessions.set(session, entries);
    return entries;
  };
  for (const [session, entries] of Object.entries(stores.logs))
    for (const entry of entries) of(session).set(entry.id, entry);
  for (const chain of chains) {
    for (const step of chain.steps) {
      if (step.kind !== 'frame' || step.id === undefined || NO_ENTRY.has(step.event)) continue;
      const { conversation, extra } = readEnvelope(step.data);
      if (extra?.merged !== undefined || of(chain.session).has(step.id)) continue;
      of(chain.session).set(step.id, {
        id: step.id,
        prev: '',
        event: step.event,
        // Whose it was is not in the frame: it is expected of nobody else.
        stream: step.event === 'conv_status' ? '' : chain.stream,
        conversation: conversation?.conversation_id ?? '',
        turn: conversation?.turn_id ?? '',
        data: step.data,
      });
    }
  }
  const sorted = new Map<string, LogView[]>();
  for (const [session, entries] of sessions)
    sorted.set(
      session,
      [...entries.values()].toSorted((left, right) => compareIds(left.id, right.id)),
    );
  return sorted;
}

/** What ends a turn for its client; undefined for every other event. */
export function terminalOf({ event, data }: Pick<LogView, 'event' | 'data'>): string | undefined {
  if (event === 'chat_complete') return 'complete';
  if (event !== 'chat_error' && event !== 'chat_service') return undefined;
  const { type, data: body } = readEnvelope(data);
  if (event === 'chat_error') return `error ${body?.error_type ?? ''}`;
  if (type === 'event.continuation.consumed') return 'consumed';
  return type === 'active_turn_control_no_active_turn' ? 'skipped' : undefined;
}
