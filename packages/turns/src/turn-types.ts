import type {
  Ack,
  Attachment,
  ChatEnvelope,
  ChatTaskPayload,
  ContinuationItem,
  ConversationState,
  EventName,
  Submission,
  TaskKind,
  TurnRecord,
  TurnResult,
  TurnTiming,
  UserType,
} from '@switchyard/protocol';
import type { ErrorCode } from '@switchyard/kernel';

/** Who sends a message, as ingress has proved it. */
export interface TurnIdentity {
  readonly userId: string;
  readonly username?: string | undefined;
  readonly userType: UserType;
  readonly sessionId: string;
  readonly roles: readonly string[];
}

/** One submission, checked and normalised: all its events are one message (03 §4). */
export interface AcceptRequest {
  readonly identity: TurnIdentity;
  /** The client's choice; absent: a new conversation. */
  readonly conversationId?: string | undefined;
  readonly bundleId: string;
  readonly kind: TaskKind;
  /** First event's `event_id` or the `Idempotency-Key`; absent: a random one, the submission cannot be retried. */
  readonly messageId?: string | undefined;
  readonly text: string;
  /** Normalised: its events reach the bundle as they are here. */
  readonly submission: Submission;
  readonly attachments: readonly Attachment[];
  /** The stream that posted; its `chat_*` events go there. Absent or empty: to all streams of the session. */
  readonly streamId?: string | undefined;
  /** A steer's turn; absent: whichever runs. */
  readonly targetTurnId?: string | undefined;
  readonly requestId: string;
  readonly timezone?: string | undefined;
  /** What was spent on it so far, in milliseconds; for showing. */
  readonly ingressMs?: number | undefined;
}

/** Accepting resolves only when the message is a row and on a lane or in a mailbox. */
export interface AcceptResult {
  readonly ack: Ack;
  /** True when this is the answer to an earlier submission with the same `messageId`. */
  readonly isRepeat: boolean;
}

export interface CancelRequest {
  readonly conversationId: string;
  readonly userId: string;
  /** Absent: the turn that runs or is next. */
  readonly turnId?: string | undefined;
  /** Also the followups that wait. */
  readonly queued?: boolean | undefined;
}

export interface ConversationSnapshot {
  readonly conversation_id: string;
  readonly state: ConversationState;
  /** ISO 8601; of a conversation that Redis does not know: the time of asking. */
  readonly updated_at: string;
  readonly current_turn_id: string | null;
}

/** What ingress needs of the heart. */
export interface Turns {
  /**
   * Row, enqueue, ack (02, step 1). Throws ENQUEUE_REJECTED (503, `details.reason`, `retryAfterSec`), RATE_LIMITED (429, own queue
   * full), NOT_FOUND (somebody else's or a deleted conversation), UNAVAILABLE (a store is away: unknown, retry with the same id).
   */
  accept(request: AcceptRequest): Promise<AcceptResult>;
  /** Stops what the user's conversation is doing (02, step 7). `idle`: there was nothing to stop. */
  cancel(request: CancelRequest): Promise<{ status: 'cancelled' | 'idle' }>;
  conversationState(conversationId: string): Promise<ConversationSnapshot>;
  conversationStates(conversationIds: readonly string[]): Promise<ConversationSnapshot[]>;
  /** Load and capacity as `enqueue` sees them; for `queue_stats` and the console. */
  queueStats(): Promise<QueueStats>;
}

export interface QueueStats {
  /** Ready, waiting and inflight together. */
  readonly load: number;
  readonly capacity: number;
  readonly workers: number;
  readonly ready: Readonly<Record<UserType, number>>;
  readonly inflight: Readonly<Record<UserType, number>>;
}

/** What a message is, as the row and the task keep it. `conversation_created`: this message opened its conversation. */
export interface StoredTask extends ChatTaskPayload {
  conversation_created: boolean;
}

/** A task that this worker holds the lease of. */
export interface ClaimedTask {
  readonly taskId: string;
  readonly turnId: string;
  readonly conversationId: string;
  readonly lane: UserType;
  /** Which claim of this task it is, from 1. */
  readonly attempts: number;
  /** The lease's token; goes with every capability call that has side effects. */
  readonly fence: string;
  readonly payload: ChatTaskPayload;
  readonly isNewConversation: boolean;
  /** From accept to claim, over two machines' clocks: for showing. */
  readonly queueMs: number;
  /** Monotonic time of this claim. */
  readonly claimedAt: number;
}

export interface TurnEvent {
  readonly event: EventName;
  readonly data: ChatEnvelope;
  /** Absent: the stream that posted the message. Empty: all streams of the session. */
  readonly streamId?: string | undefined;
  /** The platform's own and not the bundle's: says nothing of what the bundle has done (`recovery`). */
  readonly isPlatform?: boolean | undefined;
  /** What it adds to the answer, which is kept for clients that come late. Costs the same at the end of a long answer as at its start. */
  readonly answerAdds?: string | undefined;
  /** The whole answer, where it is another one than what was added so far. */
  readonly answerText?: string | undefined;
}

/** What an executor holds while its turn runs. Every method rejects once the lease is lost or the turn is over. */
export interface RunningTurn {
  readonly task: ClaimedTask;
  readonly fence: string;
  /** Where its time went until it was started. */
  readonly timing: TurnTiming;
  /** Aborts on cancel, watchdog, drain and a lost lease; `reason` is a TurnAbort. Then five seconds remain. */
  readonly signal: AbortSignal;
  /** Resolves when Redis has it: awaiting it is back-pressure. Order of calls is order of events. */
  emit(event: TurnEvent): Promise<void>;
  /** The mailbox's first item, left there. */
  peek(): Promise<ContinuationItem | null>;
  /** Takes the mailbox's first item into this turn: from now on it will not be a turn of its own. */
  take(): Promise<ContinuationItem | null>;
  /**
   * To be awaited before a capability call with side effects: from then on the turn is not silent, and never runs again. Costs nothing
   * without `recovery`. Rejects when the turn is fenced off: the call must not be made.
   */
  noteEffect(): Promise<void>;
}

/** Why a turn's signal aborted. `lease_lost`: another worker has it or will; nothing that this one says counts any more. */
export type AbortReason = 'cancelled' | 'watchdog_idle' | 'watchdog_wall' | 'draining' | 'lease_lost';

export type TurnOutcome =
  | {
      readonly status: 'completed';
      readonly result: TurnResult;
      readonly record: TurnRecord;
      /** Empty `chat_delta`s that end its markers. Told in one script with the end, and not at all when somebody else has to tell it. */
      readonly closings?: readonly ChatEnvelope[] | undefined;
    }
  | {
      readonly status: 'failed' | 'cancelled' | 'interrupted';
      /** Stable, dotted or snake case: `bundle_error`, `cancelled`, ... (03 §3). */
      readonly errorType: string;
      readonly message: string;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
      readonly record: TurnRecord;
      /** Its host died: with `recovery` the turn may run again. */
      readonly hasCrashed?: boolean | undefined;
    };

export interface PreparedTurn {
  (turn: RunningTurn): Promise<TurnOutcome>;
  /** What its bundle declared (02, Running): run again after a crash, twice at most, while nothing of it was seen or done. */
  readonly recovery?: 'retryIfSilent' | undefined;
  /** Milliseconds that its bundle allows itself; never more than the settings `turnIdle` and `turnWall`. */
  readonly limits?:
    | { readonly idleMs?: number | undefined; readonly wallMs?: number | undefined }
    | undefined;
}

/**
 * Runs what answers a turn. `prepare` materialises and resolves before the start; nothing of it may have effects, since it may run
 * again elsewhere. If it rejects, the turn starts and fails with that error. The function that it returns runs at most once, unless it carries `recovery`.
 */
export interface TurnExecutor {
  prepare(task: ClaimedTask, signal: AbortSignal): Promise<PreparedTurn>;
}

/** How a turn ended, as its row keeps it in `answer` and `error`; enough to tell clients from the row alone. */
export interface TurnErrorRecord {
  readonly code?: ErrorCode;
  readonly error: string;
  readonly error_type: string;
  readonly details?: Readonly<Record<string, unknown>>;
}
