/**
 * What happened in a run, in the order in which its source saw it. Two records of one source (one test process; one bundle journal)
 * stand in the array in the order in which they happened; between sources nothing is concluded from places or times.
 */
export type HistoryRecord = ClientRecord | BundleRecord | PlacesRecord | FaultRecord;

/** Milliseconds since the epoch by the clock of who wrote it. For reading, never for deciding. */
interface Timed {
  readonly at: number;
}

interface OfClient extends Timed {
  /** Name of a client of the run. Several clients may be one user. */
  readonly client: string;
}

/** Who a client is. Comes before everything else of it. */
export interface ClientBorn extends OfClient {
  readonly kind: 'client';
  readonly user: string;
  /** In every message that the client's user sends, and in nobody else's. */
  readonly canary: string;
}

/** One attempt to send one message. The same key again is the same message again. */
export interface Submit extends OfClient {
  readonly kind: 'submit';
  readonly key: string;
  readonly messageKind: 'message' | 'steer' | 'recorded';
  readonly text: string;
  /** Undefined: a new conversation. */
  readonly conversation?: string;
}

export interface Acked extends OfClient {
  readonly kind: 'ack';
  readonly key: string;
  readonly status: string;
  readonly turn: string;
  readonly task: string;
  readonly conversation: string;
  readonly session: string;
}

/** The server said no. */
export interface Refused extends OfClient {
  readonly kind: 'refused';
  readonly key: string;
  readonly status: number;
  readonly errorType: string;
}

/** No answer came: the message may have been accepted or not. */
export interface Unanswered extends OfClient {
  readonly kind: 'unknown';
  readonly key: string;
  readonly reason: string;
}

export interface Cancelled extends OfClient {
  readonly kind: 'cancel';
  readonly conversation: string;
  readonly turn?: string;
  /** What the server answered, `unknown` where nothing came back. */
  readonly status: 'cancelled' | 'idle' | 'unknown';
}

/** A client asked for a conversation to be deleted: its rows and answers may be gone. */
export interface Deleted extends OfClient {
  readonly kind: 'deleted';
  readonly conversation: string;
}

/** A stream was answered with 200. `chain` names what one reader follows through all its connections: `from` is its last id. */
export interface Opened extends OfClient {
  readonly kind: 'open';
  readonly chain: string;
  readonly session: string;
  readonly stream: string;
  readonly isSessionWide: boolean;
  /** `conversation_id=`: only events of this one. */
  readonly conversation?: string;
  /** `Last-Event-ID` of the request. */
  readonly from?: string;
  /** `X-Resumed-From` of the answer. */
  readonly resumedFrom?: string;
}

/** A frame as it came. Every frame, also `ready`, `resync`, `lagged` and bare ids (`event` empty). */
export interface Seen extends OfClient {
  readonly kind: 'frame';
  readonly chain: string;
  readonly id?: string;
  readonly event: string;
  /** JSON text as it came; empty for a bare id. */
  readonly data: string;
}

/** Something else that a client was given, as the answer of a fetch. Looked through for canaries. */
export interface Fetched extends OfClient {
  readonly kind: 'fetched';
  readonly what: string;
  readonly data: string;
}

/** How a message ended for its client in the end, by the stream or by reading the conversation again. */
export interface Final extends OfClient {
  readonly kind: 'final';
  readonly key: string;
  readonly turn: string;
  /** The row's word: completed, failed, ... */
  readonly status: string;
  readonly text: string;
}

export type ClientRecord =
  | ClientBorn
  | Submit
  | Acked
  | Refused
  | Unanswered
  | Cancelled
  | Deleted
  | Opened
  | Seen
  | Fetched
  | Final;

/** A line of a test bundle's journal, which outlives the host that wrote it. */
export interface BundleRecord extends Timed {
  readonly kind: 'bundle';
  readonly turn: string;
  readonly conversation: string;
  /** Which life of which host. */
  readonly host: string;
  /** `begin` is the first line; `emit` comes before the delta is handed over; `took` after a continuation was given; `end` is the last line. */
  readonly step: 'begin' | 'emit' | 'took' | 'end';
  /** `emit`: the delta. */
  readonly text?: string;
  /** `took`: the turn that was folded. */
  readonly taken?: string;
}

/** One look at Redis, in one transaction: which tasks there are and where. */
export interface PlacesRecord extends Timed {
  readonly kind: 'places';
  /** Ids that have a task. */
  readonly tasks: readonly string[];
  readonly ready: readonly string[];
  readonly inflight: readonly string[];
  readonly held: readonly string[];
  readonly mailbox: readonly string[];
}

/** What the run did to the servers. For reading. */
export interface FaultRecord extends Timed {
  readonly kind: 'fault';
  readonly what: string;
}
