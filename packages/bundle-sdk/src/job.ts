import type { z } from 'zod';
import type { Capability } from './capabilities.ts';
import type { JobContext } from './contexts.ts';
import type { Job } from './jobs.ts';
import type { Made, NoJobs, Wants } from './wants.ts';

/** Background work of the bundle, added by `ctx.jobs.add(...)` and run by any worker. */
export interface JobDefinition<
  D extends z.ZodType,
  P extends z.ZodObject,
  C extends Capability,
  S extends string,
> extends Omit<Wants<P, C, S, NoJobs>, 'jobs'> {
  /** Checked before `run`, and gives `data` its type. */
  readonly data?: D;
  /** Runs at most, the first included; 1 without. A throw or a dead worker is a failed run. */
  readonly attempts?: number;
  readonly backoff?: { readonly kind: 'fixed' | 'exponential'; readonly delayMs: number };
  readonly timeoutMs?: number;
  /**
   * Added by the platform as well, with `{}` for data, each time a version of the bundle begins to serve: once for all workers, in the
   * background. It may come again with nothing changed, so it should look first what there is to do.
   */
  readonly onServe?: boolean;
  readonly run: (ctx: JobContext<z.output<P>, C, S>, data: z.output<D>) => unknown;
}

export function job<
  D extends z.ZodType = z.ZodType,
  P extends z.ZodObject = z.ZodObject,
  C extends Capability = never,
  S extends string = never,
>(definition: JobDefinition<D, P, C, S>): Job<Made<JobContext<z.output<P>, C, S>>, NoInfer<z.input<D>>> {
  // The host parses with `data` before it calls, so `data` is the schema's output type by then.
  return { kind: 'job', definition, run: (ctx, data) => definition.run(ctx, data as z.output<D>) };
}
