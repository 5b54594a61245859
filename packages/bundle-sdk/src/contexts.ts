import type {
  Attachment,
  BundleEvent,
  Citation,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  TurnInvocation,
  Usage,
} from '@switchyard/protocol';
import type { Capability, Granted } from './capabilities.ts';

export type {
  Attachment,
  Citation,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  Usage,
} from '@switchyard/protocol';
export type User = TurnInvocation['user'];
/** `started`, `running`, `completed`, `error`, `skipped` or `cancelled`. */
export type StepStatus = Extract<BundleEvent, { kind: 'step' }>['status'];

/** Data that survives JSON. */
export type JsonObject = { [key: string]: unknown };

/**
 * What a turn tells the person who waits. Every call keeps its place in the order. Its promise resolves when the platform
 * has room for more, so `await` it in loops: that is what paces a fast bundle. After `signal` aborts it rejects.
 */
export interface Communicator {
  /** A piece of the answer, as markdown. `marker` sends it to another panel of the page. */
  delta(
    text: string,
    options?: { marker?: 'answer' | 'thinking' | 'canvas' | 'timeline_text' | 'subsystem' },
  ): Promise<void>;
  /** A piece of the reasoning, shown folded away. */
  thinking(text: string): Promise<void>;
  /** A step that the page shows as work in progress. The same name again updates it. */
  step(name: string, state: { status: StepStatus; title?: string; data?: JsonObject }): Promise<void>;
  /** A file that the bundle wrote, by its path in the scratch folder. */
  file(file: { filename: string; mime: string; path: string }): Promise<void>;
  /** The sources that `[1]`, `[2]` in the answer refer to. */
  citations(items: readonly Citation[]): Promise<void>;
  /** Questions that the page offers next. Also possible as `followups` of the returned value. */
  followups(items: readonly string[]): Promise<void>;
  /** Names the conversation. */
  title(title: string): Promise<void>;
  /** A message for programs, not for people. */
  service(type: string, data: JsonObject): Promise<void>;
  /** An event of the bundle's own type, for pages that know it. */
  event(type: string, data: JsonObject, options?: { title?: string }): Promise<void>;
}

/** Messages that arrived while this turn runs. Those not taken become turns of their own. */
export interface Mailbox {
  peekNextContinuation(): Promise<ContinuationItem | null>;
  takeNextContinuation(): Promise<ContinuationItem | null>;
  /** Takes one after the other and ends when none is waiting. */
  continuations(): AsyncIterableIterator<ContinuationItem>;
}

interface InvocationContext<Props> {
  readonly props: Readonly<Props>;
  /** Aborts on cancel, time limit and lost lease. */
  readonly signal: AbortSignal;
}

/** One message to answer. */
export type Turn<Props = JsonObject, C extends Capability = never> = InvocationContext<Props> &
  Communicator &
  Mailbox &
  Granted<C> & {
    readonly id: string;
    readonly message: string;
    readonly events: readonly ExternalEvent[];
    readonly attachments: readonly Attachment[];
    readonly user: Readonly<User>;
    readonly conversation: {
      readonly conversation_id: string;
      readonly title?: string;
      readonly is_new: boolean;
    };
    /** The newest `n` finished exchanges (all that the platform sent, without `n`), newest last. */
    history(n?: number): readonly HistoryTurn[];
    readonly usage: {
      /** Accounts for a model call: bound to user, bundle, conversation and turn. */
      record(usage: Usage): Promise<void>;
    };
  };

/** Who called an operation. */
export type OperationContext<C extends Capability = never> = Omit<InvocationContext<JsonObject>, 'props'> &
  Granted<C> & { readonly user: Readonly<User>; readonly conversation_id?: string };

export type ScheduleContext<C extends Capability = never> = Omit<InvocationContext<JsonObject>, 'props'> &
  Granted<C>;

/** What `onTurnCompleted` hears of a turn that ended well. */
export interface CompletedTurn {
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly final_answer: string;
}
