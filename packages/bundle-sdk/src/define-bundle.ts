import type { z } from 'zod';
import type { AnyBundleDefinition } from './any-definition.ts';
import type { BundleDefinition } from './bundle-definition.ts';
import { RUNTIME } from './bundle-runtime.ts';
import type { Bundle } from './bundle-runtime.ts';
import type { CapabilityAsk } from './capabilities.ts';
import { createRuntime } from './create-runtime.ts';
import type { NoJobs } from './wants.ts';

/** Declares a bundle. The entry file exports the result as default. */
export function defineBundle<
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- a bundle without props has none: `turn.props.x` is red
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
  A extends CapabilityAsk = never,
  S extends string = never,
  J = NoJobs,
>(definition: BundleDefinition<P, A, S, J>): Bundle {
  // The generic parameters guard the author's side only; inside, everything is checked at run time or came from JSON.
  return { id: definition.id, [RUNTIME]: createRuntime(definition as unknown as AnyBundleDefinition) };
}
