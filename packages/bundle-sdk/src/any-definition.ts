import type { ChannelMessages } from '@switchyard/protocol';
import type { z } from 'zod';
import type { BundleDefinition, Mcp } from './bundle-definition.ts';
import type { CapabilityAsk } from './capabilities.ts';
import type { CompletedTurn, JsonObject } from './contexts.ts';
import type { Job } from './jobs.ts';
import type { Operation, Schedule } from './operation.ts';

type Parts<T> = Readonly<Record<string, T>>;
type Run = (...args: unknown[]) => unknown;

/** A definition with its types rubbed off, as the runtime holds it: the author's side was checked by the compiler, data by schemas. */
export interface AnyBundleDefinition extends Pick<
  BundleDefinition<z.ZodObject, CapabilityAsk, string>,
  | 'id'
  | 'name'
  | 'description'
  | 'note'
  | 'starters'
  | 'props'
  | 'secrets'
  | 'capabilities'
  | 'limits'
  | 'recovery'
  | 'widgets'
  | 'static'
  | 'predict'
> {
  readonly executeCore?: (turn: unknown) => unknown;
  readonly operations?: Parts<Operation<unknown>>;
  readonly schedules?: Parts<Schedule<unknown>>;
  readonly jobs?: Parts<Job<unknown>>;
  readonly channels?: {
    readonly [N in keyof ChannelMessages]?:
      | Run
      | {
          readonly site?: string;
          readonly path?: string;
          readonly methods?: readonly string[];
          readonly run: Run;
        };
  };
  readonly web?: {
    readonly site?: string;
    readonly path?: string;
    readonly methods?: readonly string[];
    readonly fetch: (request: Request, ctx: unknown) => unknown;
  };
  readonly mcp?: Mcp<unknown>;
  readonly onLoad?: (ctx: { readonly props: JsonObject }) => unknown;
  readonly onUnload?: () => unknown;
  readonly onPropsChanged?: (ctx: { readonly props: JsonObject; readonly former: JsonObject }) => unknown;
  readonly onTurnCompleted?: (turn: CompletedTurn) => unknown;
}
