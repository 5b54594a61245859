import type {
  Attachment,
  BundleEvent,
  Citation,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  InvocationUser,
  Usage,
} from '@switchyard/protocol';
import type { Capability, Granted, Secrets } from './capabilities.ts';
import type { Jobs } from './jobs.ts';
import type { NoJobs } from './wants.ts';

export type {
  Attachment,
  Citation,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  Usage,
} from '@switchyard/protocol';
export type User = InvocationUser;
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
  /** A file as part of the answer: its content, or the path of one that the bundle wrote below `turn.scratchDir`. */
  file(
    file: { filename: string; mime: string } & ({ path: string } | { content: string | Uint8Array }),
  ): Promise<void>;
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

/** What every `ctx`, and `turn`, has. */
export interface InvocationContext<Props = JsonObject> {
  readonly props: Readonly<Props>;
  /** Aborts on cancel, time limit and lost lease. */
  readonly signal: AbortSignal;
  /** An empty folder for this invocation alone, made when it is first read and removed at the end. Absolute. */
  readonly scratchDir: string;
  readonly usage: {
    /** Accounts for a model call: bound to user, bundle, conversation and turn. The `model` capability records by itself. */
    record(usage: Usage): Promise<void>;
  };
}

type SecretsMember<S extends string> = [S] extends [never] ? unknown : { readonly secrets: Secrets<S> };
type JobsMember<J> = [keyof J] extends [never] ? unknown : { readonly jobs: Jobs<J> };

/** Props, capabilities, secrets and jobs: each member exists where it was asked for, and nowhere else. */
export type Context<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = InvocationContext<Props> & Granted<C> & SecretsMember<S> & JobsMember<J>;

/** One message to answer. */
export type Turn<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J> &
  Communicator &
  Mailbox & {
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
  };

/** Live updates to pages that are open, as a `chat_step` of this type. */
export interface Notifier {
  /** `session`: all streams of the user who called; `project`: those of everybody. */
  notify(to: 'session' | 'project', type: string, data: JsonObject): Promise<void>;
}

/** Who called an operation, or a tool. */
export type OperationContext<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J> & Notifier & { readonly user: Readonly<User>; readonly conversation_id?: string };

export type ScheduleContext<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J> &
  Notifier & {
    /** The tick that it runs for, ISO 8601. */
    readonly tick: string;
  };

export type JobContext<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J> &
  Notifier & {
    readonly job_id: string;
    /** From 1. */
    readonly attempt: number;
    readonly max_attempts: number;
  };

export type ChannelContext<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J>;

export type WebContext<
  Props = JsonObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
> = Context<Props, C, S, J> & {
  readonly site?: string;
  /** For `web.respond`, where the answer is 202 and the real one comes later. */
  readonly request_id?: string;
  /** Who is signed in, where the site asks for that. */
  readonly user?: Readonly<User>;
  /** Work that goes on after the answer went out; the invocation ends with it. */
  waitUntil(work: Promise<unknown>): void;
};

/** What `onTurnCompleted` hears of a turn that ended well. */
export interface CompletedTurn {
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly final_answer: string;
}
