import type { AnyBundleDefinition } from './any-definition.ts';
import type { JsonObject } from './contexts.ts';

/** What an invocation runs with: the props that it began with, and what its bundle was granted. */
export interface Loaded {
  readonly definition: AnyBundleDefinition;
  readonly props: JsonObject;
  readonly granted: readonly string[];
}
