export { openBundle } from './open-bundle.ts';
export type { OpenOptions } from './open-bundle.ts';
export { BundleFailure, TestBundle } from './test-bundle.ts';
export type { EndedTurn, InvokeOptions, TurnOptions } from './test-bundle.ts';
export { Recording } from './recording.ts';
export type { FakeExec } from './fake-exec.ts';
export type { AddedJob, FakeOperation, FakePlatform } from './fake-platform.ts';
