import type { UserType } from '@switchyard/protocol';
import type { z } from 'zod';
import type { Capability } from './capabilities.ts';
import type { OperationContext, ScheduleContext } from './contexts.ts';
import type { Made, NoJobs, Wants } from './wants.ts';

/** Who may call. */
export interface Access {
  /** `public` needs no user. */
  readonly route?: 'operations' | 'public';
  /** The lowest user type that may call it; `registered` without. */
  readonly allow?: UserType;
  /** Any one of these. */
  readonly roles?: readonly string[];
}

/** What an operation may return: what its schema takes in, or a `Response` that goes to the caller as it is. */
type Returned<O extends z.ZodType> = z.input<O> | Response;

interface Answering<I extends z.ZodType, O extends z.ZodType, Ctx> {
  readonly input?: I;
  readonly output?: O;
  readonly description?: string;
  /** The call ends with 504 after this. */
  readonly timeoutMs?: number;
  readonly run: (ctx: Ctx, input: z.output<I>) => Promise<Returned<O>> | Returned<O>;
}

/** A REST call that a bundle answers. Input and output are checked in the host, on both sides of `run`. */
export interface OperationDefinition<
  I extends z.ZodType,
  O extends z.ZodType,
  P extends z.ZodObject,
  C extends Capability,
  S extends string,
  J,
>
  extends Wants<P, C, S, J>, Access, Answering<I, O, OperationContext<z.output<P>, C, S, J>> {
  readonly method?: 'POST' | 'GET';
  /** Offered over MCP as well. */
  readonly tool?: boolean;
}

/** What a bundle holds of an operation; its input and output types stay inside. */
export interface Operation<Ctx = never> {
  readonly kind: 'operation';
  readonly definition: Access & {
    readonly input?: z.ZodType;
    readonly output?: z.ZodType;
    readonly method?: 'POST' | 'GET';
    readonly tool?: boolean;
    readonly description?: string;
    readonly timeoutMs?: number;
  };
  readonly run: (ctx: Ctx, input: unknown) => unknown;
}

export function operation<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  P extends z.ZodObject = z.ZodObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
>(
  definition: OperationDefinition<I, O, P, C, S, J>,
): Operation<Made<OperationContext<z.output<P>, C, S, J>>> {
  // The host parses with `input` before it calls, so `input` is the schema's output type by then.
  return { kind: 'operation', definition, run: (ctx, input) => definition.run(ctx, input as z.output<I>) };
}

/** A tool that is offered over MCP alone. A tool that people call over REST too is an operation with `tool: true`. */
export interface Tool<Ctx = never> {
  readonly kind: 'tool';
  readonly definition: {
    readonly input?: z.ZodType;
    readonly output?: z.ZodType;
    readonly description?: string;
    readonly timeoutMs?: number;
  };
  readonly run: (ctx: Ctx, input: unknown) => unknown;
}

export function tool<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  P extends z.ZodObject = z.ZodObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
>(
  definition: Wants<P, C, S, J> &
    Answering<I, O, OperationContext<z.output<P>, C, S, J>> & { readonly description: string },
): Tool<Made<OperationContext<z.output<P>, C, S, J>>> {
  return { kind: 'tool', definition, run: (ctx, input) => definition.run(ctx, input as z.output<I>) };
}

/** Work at set times. At most one start per tick over all workers; see `retry`. */
export interface ScheduleDefinition<
  P extends z.ZodObject,
  C extends Capability,
  S extends string,
  J,
> extends Wants<P, C, S, J> {
  /** Five fields, as `0 3 * * *`, or six with seconds in front. */
  readonly cron: string;
  /** IANA name; UTC without. */
  readonly timezone?: string;
  /** Run again when its worker died in the middle. Without, it counts as interrupted. */
  readonly retry?: boolean;
  readonly timeoutMs?: number;
  readonly run: (ctx: ScheduleContext<z.output<P>, C, S, J>) => Promise<void> | void;
}

export interface Schedule<Ctx = never> {
  readonly kind: 'schedule';
  readonly definition: {
    readonly cron: string;
    readonly timezone?: string;
    readonly retry?: boolean;
    readonly timeoutMs?: number;
  };
  readonly run: (ctx: Ctx) => unknown;
}

export function schedule<
  P extends z.ZodObject = z.ZodObject,
  C extends Capability = never,
  S extends string = never,
  J = NoJobs,
>(definition: ScheduleDefinition<P, C, S, J>): Schedule<Made<ScheduleContext<z.output<P>, C, S, J>>> {
  return { kind: 'schedule', definition, run: (ctx) => definition.run(ctx) };
}
