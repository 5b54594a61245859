export { createRegistry } from './registry.ts';
export type { Registry, RegistryParts } from './registry.ts';
export type { BundleSource, Registration } from './register-source.ts';
export { createSources } from './sources.ts';
export type { Sources } from './sources.ts';
export type { GitSource } from './fetch-git.ts';
export type { BundleHold, LoadFailure, ServedBundle } from './serving-table.ts';
export { DEFAULT_SOURCE_LIMITS } from './source-files.ts';
export type { SourceLimits } from './source-files.ts';
