import type { Citation, ConversationState, EventStatus } from '@switchyard/protocol';

/**
 * Life of a turn as a reader sees it: sending -> (queued_offline | unsent | queued | running) -> one of the ends.
 * `sending`, `queued_offline` (kept, goes out by itself) and `unsent` (waits for its writer) exist only on the page that wrote the message; everything else comes from the server.
 */
export type TurnViewStatus =
  | 'sending'
  | 'queued_offline'
  | 'unsent'
  | 'queued'
  | 'running'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'interrupted'
  | 'folded';

export interface StepView {
  name: string;
  title: string;
  status: EventStatus;
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt?: number | undefined;
  /** What the bundle told with it, as the program that it ran. */
  data?: Readonly<Record<string, unknown>> | undefined;
}

export interface FileView {
  filename: string;
  mime: string;
  size: number;
}

export interface TurnError {
  message: string;
  /** Stable and dotted; `turn_interrupted`, `bundle_error`, `cancelled`, ... */
  errorType: string;
  /** Seconds, where the server named a time to try again. */
  retryAfter?: number | undefined;
}

export type Reaction = 'ok' | 'not_ok' | 'neutral';

export interface TurnView {
  /** The server's id; `local:<messageId>` until the ack gives it. */
  turnId: string;
  messageId?: string | undefined;
  status: TurnViewStatus;
  question: string;
  attachments: readonly FileView[];
  answer: string;
  thinking: string;
  steps: readonly StepView[];
  citations: readonly Citation[];
  followups: readonly string[];
  files: readonly FileView[];
  error?: TurnError | undefined;
  foldedInto?: string | undefined;
  reaction?: Reaction | undefined;
  createdAt?: number | undefined;
  startedAt?: number | undefined;
  endedAt?: number | undefined;
  /** Everything of this turn up to here is in the view; older frames are repeats. */
  appliedLogId?: string | undefined;
}

export interface ConversationView {
  conversationId: string;
  title?: string | undefined;
  bundleId?: string | undefined;
  state: ConversationState;
  turns: readonly TurnView[];
  /** Everything of this conversation up to here is in the view. */
  appliedLogId?: string | undefined;
}

export function emptyConversation(conversationId: string): ConversationView {
  return { conversationId, state: 'idle', turns: [] };
}

export function emptyTurn(turnId: string, status: TurnViewStatus = 'running'): TurnView {
  return {
    turnId,
    status,
    question: '',
    attachments: [],
    answer: '',
    thinking: '',
    steps: [],
    citations: [],
    followups: [],
    files: [],
  };
}

const LIVE: ReadonlySet<TurnViewStatus> = new Set(['sending', 'queued_offline', 'queued', 'running']);

/** A message of this page that has no ack yet: it may have arrived all the same. */
export function isUnacked(turn: TurnView): boolean {
  return turn.status === 'sending' || turn.status === 'queued_offline';
}

/** Has the turn still something to come? */
export function isLive(turn: TurnView): boolean {
  return LIVE.has(turn.status);
}

/** The turn that is being answered now. */
export function runningTurn(view: ConversationView): TurnView | undefined {
  return view.turns.find((turn) => turn.status === 'running');
}

/** The same view with one turn changed; the same object when the change changed nothing. */
export function withTurn(
  view: ConversationView,
  turnId: string,
  change: (turn: TurnView) => TurnView,
): ConversationView {
  let changed = false;
  const turns = view.turns.map((turn) => {
    if (turn.turnId !== turnId) return turn;
    const next = change(turn);
    changed ||= next !== turn;
    return next;
  });
  return changed ? { ...view, turns } : view;
}
