import type { BundleLimits, ChannelMessages, WidgetIconName } from '@switchyard/protocol';
import type { z } from 'zod';
import type { CapabilityAsk, NameOf } from './capabilities.ts';
import type {
  ChannelContext,
  CompletedTurn,
  JobContext,
  OperationContext,
  ScheduleContext,
  Turn,
  WebContext,
} from './contexts.ts';
import type { Job } from './jobs.ts';
import type { Access, Operation, Schedule, Tool } from './operation.ts';
import type { PredictorPart } from './predictor-definition.ts';
import type { NoJobs } from './wants.ts';

/** What `executeCore` may return. `final_answer` defaults to the answer deltas; further keys reach the client as they are. */
export interface TurnReturn {
  final_answer?: string;
  followups?: readonly string[];
  [key: string]: unknown;
}

export type { BundleLimits } from '@switchyard/protocol';

/** A small page of the bundle, shown in a sandboxed frame. Its alias, the key, is its address. */
export interface Widget extends Access {
  readonly title: string;
  /** Name of a Lucide icon, as `square-kanban`. The chat page shows those of `WidgetIconName`; of another name it shows nothing. */
  readonly icon?: WidgetIconName | (string & Record<never, never>);
  /** Below the bundle's folder. */
  readonly folder: string;
  /** `vite`: sources with an `index.html`, built when a version is registered. `none`: files to be served as they are. */
  readonly build?: 'none' | 'vite';
}

/** A folder of the bundle whose files are served as they are. */
export interface StaticFiles extends Access {
  readonly folder: string;
}

type Handler<M, Ctx> = (message: M, ctx: Ctx) => Promise<void> | void;
/** A handler, or one with a rule which messages it wants. */
export type Channel<M, Ctx> =
  | Handler<M, Ctx>
  | {
      readonly site?: string;
      /** As `/api/orders/*`. */
      readonly path?: string;
      readonly methods?: readonly string[];
      readonly run: Handler<M, Ctx>;
    };

/** Tools over MCP at `/mcp/{alias}`: those named here, and every operation that says `tool: true`. */
export interface Mcp<Ctx> extends Access {
  /** `tools` without. */
  readonly alias?: string;
  readonly tools?: { readonly [name: string]: Tool<Ctx> };
}

/** Everything an author can declare. `P`: props, `A`: capabilities asked for, `S`: names of secrets, `J`: jobs. */
export interface BundleDefinition<
  P extends z.ZodObject = z.ZodObject,
  A extends CapabilityAsk = never,
  S extends string = never,
  J = NoJobs,
> {
  /** Letters, digits and `._@-`; part of every address of the bundle. */
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  /** A word or two on its state that the page shows beside the name, as "offline". Where it asks for `model`, only while none is connected. */
  readonly note?: string;
  /** Questions that the page offers on an empty conversation, six at most. */
  readonly starters?: readonly string[];
  /** Settings with defaults: every field needs one. */
  readonly props?: P;
  /** Names of secrets that it needs; the console shows which are missing. */
  readonly secrets?: readonly S[];
  readonly capabilities?: readonly A[];
  readonly limits?: Readonly<BundleLimits>;
  /**
   * After a crash of its process or of the worker a turn runs again, twice at most, while it was silent: it had emitted nothing, taken
   * no message and called no capability with side effects. Without it a turn that had started is told as interrupted. Not granted where
   * bundles run without a sandbox, since what they do directly is seen by nobody.
   */
  readonly recovery?: 'retryIfSilent';
  /** Answers a turn. */
  readonly executeCore?: (
    turn: Turn<z.output<P>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>,
  ) => Promise<TurnReturn | void> | TurnReturn | void;
  readonly operations?: {
    readonly [name: string]: Operation<
      OperationContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>
    >;
  };
  readonly schedules?: {
    readonly [name: string]: Schedule<
      ScheduleContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>
    >;
  };
  readonly jobs?: J & {
    readonly [N in keyof J]: Job<JobContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>>>;
  };
  readonly channels?: {
    readonly [N in keyof ChannelMessages]?: Channel<
      ChannelMessages[N],
      ChannelContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>
    >;
  };
  /** Without a rule it answers for every site, unless a bundle is named there or another one's rule says more. */
  readonly web?: {
    readonly site?: string;
    /** As `/api/orders/*`. */
    readonly path?: string;
    readonly methods?: readonly string[];
    /** Answers a site's request. Its body may be a stream that goes on for long. */
    readonly fetch: (
      request: Request,
      ctx: WebContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>,
    ) => Promise<Response> | Response;
  };
  /** Long computations behind a plain API: `predictor({...})`. */
  readonly predict?: PredictorPart;
  readonly mcp?: Mcp<OperationContext<z.output<NoInfer<P>>, NoInfer<NameOf<A>>, NoInfer<S>, NoInfer<J>>>;
  readonly widgets?: { readonly [alias: string]: Widget };
  /** Served at `/api/integrations/static/{tenant}/{project}/{bundle}/`. */
  readonly static?: StaticFiles;
  /** Before the version serves; a throw keeps the former version. */
  readonly onLoad?: (ctx: { readonly props: Readonly<z.output<NoInfer<P>>> }) => Promise<void> | void;
  /** When its last invocation ended and the process is about to exit. */
  readonly onUnload?: () => Promise<void> | void;
  /** After an admin changed a setting. Invocations that run keep the props that they began with. */
  readonly onPropsChanged?: (ctx: {
    readonly props: Readonly<z.output<NoInfer<P>>>;
    readonly former: Readonly<z.output<NoInfer<P>>>;
  }) => Promise<void> | void;
  /** After a turn ended well and its answer went out. A throw is only logged. */
  readonly onTurnCompleted?: (turn: CompletedTurn) => Promise<void> | void;
}
