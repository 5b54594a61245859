/** A turn row at the end of a run. */
export interface RowView {
  readonly seq: number;
  readonly turn: string;
  readonly task: string;
  readonly conversation: string;
  readonly session: string;
  readonly user: string;
  /** The idempotency key. */
  readonly key: string;
  readonly kind: 'message' | 'steer' | 'recorded';
  readonly status: string;
  readonly foldedInto: string | null;
  readonly attempt: number;
  readonly answerText: string | null;
  readonly errorType: string | null;
}

/** One entry of a session's event log. */
export interface LogView {
  readonly id: string;
  readonly prev: string;
  readonly event: string;
  readonly stream: string;
  readonly conversation: string;
  readonly turn: string;
  /** JSON text. */
  readonly data: string;
}

export interface ConversationView {
  readonly state: string;
  readonly turn: string;
}

/** What a stack holds that is not data: read once before the run and once after it. */
export interface Resources {
  /** Names of Redis clients, without what changes with every life; one entry per connection. */
  readonly connections: readonly string[];
  /** Processes of the stack, by what they are; one entry each. */
  readonly processes: readonly string[];
  /** Pending timers by service. */
  readonly timers: Readonly<Record<string, number>>;
}

/** What the stores hold when the run is over. */
export interface StoreView {
  readonly rows: readonly RowView[];
  /** By session, in order. May begin late, where Redis forgot or cut the head. */
  readonly logs: Readonly<Record<string, readonly LogView[]>>;
  /** By conversation; none is as good as an idle one. */
  readonly conversations: Readonly<Record<string, ConversationView>>;
  /** Work that is still there: task hashes, leases, markers, lists, sets, running turns, snapshots. By key. */
  readonly workKeys: readonly string[];
  /** Sessions whose log was lost or cut during the run: nothing is concluded from what is not in it. */
  readonly cutSessions?: readonly string[];
  readonly resources?: { readonly before: Resources; readonly after: Resources };
  /** From the end of the faults until rows, keys and resources were at rest; undefined: never within the wait. */
  readonly idleAfterMs?: number;
  /** What was at rest last, in words. */
  readonly lastToRest?: readonly string[];
}
