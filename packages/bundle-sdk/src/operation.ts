import type { UserType } from '@switchyard/protocol';
import type { z } from 'zod';
import type { Capability } from './capabilities.ts';
import type { OperationContext, ScheduleContext } from './contexts.ts';

/** A REST call that a bundle answers. Input and output are checked in the host, on both sides of `run`. */
export interface OperationDefinition<I extends z.ZodType, O extends z.ZodType, C extends Capability = never> {
  readonly input?: I;
  readonly output?: O;
  readonly method?: 'POST' | 'GET';
  /** `public` needs no user. */
  readonly route?: 'operations' | 'public';
  /** The lowest user type that may call it. */
  readonly allow?: UserType;
  /** Any one of these. */
  readonly roles?: readonly string[];
  /** The call ends with 504 after this. */
  readonly timeoutMs?: number;
  readonly description?: string;
  /** Capabilities that `ctx` carries; the bundle's own list must hold them too. */
  readonly needs?: readonly C[];
  readonly run: (ctx: OperationContext<C>, input: z.output<I>) => Promise<z.input<O>> | z.input<O>;
}

/** What a bundle holds of an operation; its input and output types stay inside. */
export interface Operation<C extends Capability = never> {
  readonly kind: 'operation';
  readonly definition: Omit<OperationDefinition<z.ZodType, z.ZodType, C>, 'run' | 'needs'>;
  readonly run: (ctx: OperationContext<C>, input: unknown) => unknown;
}

export function operation<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  C extends Capability = never,
>(definition: OperationDefinition<I, O, C>): Operation<C> {
  // The host parses with `input` before it calls, so `input` is the schema's output type by then.
  return { kind: 'operation', definition, run: (ctx, input) => definition.run(ctx, input as z.output<I>) };
}

/** Work at set times. At most one start per tick over all workers; see `retry`. */
export interface ScheduleDefinition<C extends Capability = never> {
  /** Five fields, as `0 3 * * *`. */
  readonly cron: string;
  /** IANA name; UTC without. */
  readonly timezone?: string;
  /** Run again when its worker died in the middle. Without, it counts as interrupted. */
  readonly retry?: boolean;
  readonly needs?: readonly C[];
  readonly run: (ctx: ScheduleContext<C>) => Promise<void> | void;
}

export interface Schedule<C extends Capability = never> {
  readonly kind: 'schedule';
  readonly definition: Omit<ScheduleDefinition<C>, 'run' | 'needs'>;
  readonly run: (ctx: ScheduleContext<C>) => unknown;
}

export function schedule<C extends Capability = never>(definition: ScheduleDefinition<C>): Schedule<C> {
  return { kind: 'schedule', definition, run: (ctx) => definition.run(ctx) };
}
