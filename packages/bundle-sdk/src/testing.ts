/** `@switchyard/bundle-sdk/testing`: for tests of bundles. It starts processes, and is never loaded inside a host. */
export { BundleFailure, Recording, TestBundle, openBundle } from '@switchyard/bundle-testing';
export type {
  AddedJob,
  EndedTurn,
  FakePlatform,
  InvokeOptions,
  OpenOptions,
  TurnOptions,
} from '@switchyard/bundle-testing';
