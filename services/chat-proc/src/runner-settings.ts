import { bytes, integer } from '@switchyard/kernel';

const MAX_ID = 2 ** 31 - 1;

/** Under whom bundle processes run, and what memory they have. */
export const runnerSettings = {
  runnerUid: integer(0, 0, MAX_ID).describe(
    'User id of bundle processes, where this worker runs as root; 0: the worker’s own. That user must be able to read `BUNDLE_STORE_DIR` and to pass through to `RUNNER_WORK_DIR`.',
  ),
  runnerGid: integer(0, 0, MAX_ID).describe('Their group id; 0: the number of `RUNNER_UID`.'),
  runnerMemory: bytes('256MiB').describe('Heap of a bundle process whose bundle says nothing.'),
  runnerMaxMemory: bytes('2GiB').describe('The most heap that a bundle gets by its `limits.memoryMb`.'),
};
