import type { BundleLimits } from '@switchyard/protocol';
import type { z } from 'zod';
import type { Capability } from './capabilities.ts';
import type { CompletedTurn, JsonObject, Turn } from './contexts.ts';
import type { Operation, Schedule } from './operation.ts';

/** What `executeCore` may return. `final_answer` defaults to the answer deltas; further keys reach the client as they are. */
export interface TurnReturn {
  final_answer?: string;
  followups?: readonly string[];
  [key: string]: unknown;
}

export type { BundleLimits } from '@switchyard/protocol';

/** Everything an author can declare. */
export interface BundleDefinition<P extends z.ZodObject = z.ZodObject, C extends Capability = never> {
  /** Letters, digits and `._@-`; part of every address of the bundle. */
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** A word or two on its state that the page shows beside the name, as "offline". */
  readonly note?: string;
  /** Questions that the page offers on an empty conversation, six at most. */
  readonly starters?: readonly string[];
  /** Answers a turn. */
  readonly executeCore?: (
    turn: Turn<z.output<P>, NoInfer<C>>,
  ) => Promise<TurnReturn | void> | TurnReturn | void;
  readonly operations?: { readonly [name: string]: Operation<NoInfer<C>> };
  readonly schedules?: { readonly [name: string]: Schedule<NoInfer<C>> };
  /** Settings with defaults: every field needs one. */
  readonly props?: P;
  /** Names of secrets that it needs; the console shows which are missing. */
  readonly secrets?: readonly string[];
  readonly capabilities?: readonly C[];
  /**
   * After a crash of its process or of the worker a turn runs again, twice at most, while it was silent: it had emitted nothing, taken
   * no message and called no capability with side effects. Without it a turn that had started is told as interrupted. Not granted where
   * bundles run without a sandbox, since what they do directly is seen by nobody.
   */
  readonly recovery?: 'retryIfSilent';
  readonly limits?: Readonly<BundleLimits>;
  /** Before the version serves; a throw keeps the former version. */
  readonly onLoad?: (ctx: { readonly props: Readonly<z.output<P>> }) => Promise<void> | void;
  /** When its last invocation ended and the process is about to exit. */
  readonly onUnload?: () => Promise<void> | void;
  /** After a turn ended well and its answer went out. A throw is only logged. */
  readonly onTurnCompleted?: (turn: CompletedTurn) => Promise<void> | void;
}

/** A definition with its types rubbed off, as the runtime holds it. */
export interface AnyBundleDefinition extends Omit<
  BundleDefinition<z.ZodObject, Capability>,
  'executeCore' | 'operations' | 'schedules' | 'onLoad'
> {
  readonly executeCore?: (turn: Turn<JsonObject, Capability>) => unknown;
  readonly operations?: { readonly [name: string]: Operation<Capability> };
  readonly schedules?: { readonly [name: string]: Schedule<Capability> };
  readonly onLoad?: (ctx: { readonly props: JsonObject }) => unknown;
}
