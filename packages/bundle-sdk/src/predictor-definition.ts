import type { z } from 'zod';
import type { Bundle } from './bundle-runtime.ts';
import type { InvocationContext } from './contexts.ts';

export type MetricMode = 'replace' | 'increment' | 'append';

/** What `predict` knows of its call. `signal` aborts when the prediction is canceled: hand it on, or look at it in loops. */
export interface PredictContext<S> extends InvocationContext {
  readonly id: string;
  /** What `setup` returned. */
  readonly setup: S;
  /** Texts that came with the request, beside its input. */
  readonly context: Readonly<Record<string, string>>;
  /** A dotted name (`tokens.in`). `increment` adds to a number, `append` to a list. */
  metric(name: string, value: unknown, mode?: MetricMode): void;
}

/** Several outputs, one by one: what `iteratorOf` and `textIterator` make. */
export interface OutputIterator<T> {
  readonly iterates: true;
  readonly element: z.ZodType<T>;
  readonly display: 'concatenate' | undefined;
}

type Given<O> =
  O extends OutputIterator<infer T>
    ? AsyncIterable<T> | Iterable<T>
    : O extends z.ZodType
      ? z.input<O>
      : never;

/** `setup` once per process, `predict` for each call. */
export interface PredictorDefinition<
  I extends z.ZodObject,
  O extends z.ZodType | OutputIterator<unknown>,
  S,
> {
  readonly input: I;
  readonly output: O;
  readonly setup?: (ctx: { readonly signal: AbortSignal }) => Promise<S> | S;
  readonly predict: (input: z.output<I>, ctx: PredictContext<Awaited<S>>) => Promise<Given<O>> | Given<O>;
  /** False: the predictor is UNHEALTHY and gets no predictions. */
  readonly healthcheck?: (setup: Awaited<S>) => Promise<boolean> | boolean;
  /**
   * How often one prediction may be begun in all, 1 to 10, where the process or the worker that ran it died. Without it once: say more
   * where what `predict` did before may be done again. In the platform alone.
   */
  readonly attempts?: number;
}

/** What a bundle holds of a predictor; also a bundle by itself, so that a file may export nothing else. */
export interface PredictorPart extends Bundle {
  readonly kind: 'predictor';
  readonly definition: AnyPredictor;
}

export interface AnyPredictor {
  readonly input: z.ZodObject;
  readonly output: z.ZodType | OutputIterator<unknown>;
  readonly setup?: (ctx: { readonly signal: AbortSignal }) => unknown;
  readonly predict: (input: unknown, ctx: PredictContext<unknown>) => unknown;
  readonly healthcheck?: (setup: unknown) => Promise<boolean> | boolean;
  readonly attempts?: number;
}
