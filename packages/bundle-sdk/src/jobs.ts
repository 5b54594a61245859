import type { z } from 'zod';

/** What a bundle holds of a job; `D` is the type of the data that `add` takes. */
export interface Job<Ctx = never, D = unknown> {
  readonly kind: 'job';
  readonly definition: {
    readonly data?: z.ZodType;
    readonly attempts?: number;
    readonly backoff?: { readonly kind: 'fixed' | 'exponential'; readonly delayMs: number };
    readonly timeoutMs?: number;
    readonly onServe?: boolean;
  };
  readonly run: (ctx: Ctx, data: unknown) => unknown;
  /** Never there; carries the type. */
  readonly dataType?: D;
}

/** What may be handed to `add` for a job. */
export type DataOf<T> = T extends { readonly dataType?: infer D } ? D : never;

export interface Jobs<J = Record<string, Job>> {
  /** The same `idempotencyKey` again gives the first job back, for as long as the platform remembers it. */
  add<N extends keyof J & string>(
    name: N,
    data: DataOf<J[N]>,
    options?: { idempotencyKey?: string; delayMs?: number },
  ): Promise<{ job_id: string; is_new: boolean }>;
}
