import { constants } from 'node:os';
import type { Clock } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import type { ExecCause, RunEvent } from '@switchyard/protocol';
import type { Backend, Program, ProgramExit } from './backends/backend.ts';
import { collectFiles } from './collect-files.ts';
import type { CollectedFiles, FileBounds } from './collect-files.ts';
import { OutputGate } from './output-gate.ts';

export interface RunBounds extends FileBounds {
  readonly maxOutputBytes: number;
}

export interface ExecuteParts {
  readonly backend: Backend;
  readonly bounds: RunBounds;
  readonly clock: Clock;
}

const NO_FILES: CollectedFiles = { files: [], leftOut: [] };
/** What a shell adds to the number of a signal. */
const SIGNAL_BASE = 128;

/**
 * Runs a program and tells what it does; `end` is told last and only here. Rejects CANCELLED when `gone` aborts, UNAVAILABLE when the
 * sandbox itself failed. When it settles, nothing of the program is left.
 */
export async function executeRun(
  { backend, bounds, clock }: ExecuteParts,
  program: Program,
  send: (event: RunEvent) => Promise<void>,
  gone: AbortSignal,
): Promise<ExecCause> {
  const startedAt = clock.monotonic();
  const limit = new AbortController();
  let reached: ExecCause | undefined;
  const end = (cause: ExecCause): void => {
    reached ??= cause;
    limit.abort(new Error(`ended by a limit: ${cause}`));
  };
  await send({ type: 'started', backend: backend.name });
  const gate = new OutputGate({ maxBytes: bounds.maxOutputBytes, send, full: () => end('output') });
  let collected = NO_FILES;
  const timer = setTimeout(() => end('timeout'), program.timeoutMs);
  let exit: ProgramExit;
  try {
    exit = await backend.run(
      program,
      {
        output: (stream, chunk) => gate.take(stream, chunk),
        files: async (tar) => void (collected = await collectFiles(tar, program.files, bounds)),
      },
      AbortSignal.any([gone, limit.signal]),
    );
  } finally {
    clearTimeout(timer);
  }
  if (gone.aborted) throw PlatformError.of('CANCELLED');
  await gate.end();
  const cause = reached ?? (exit.isOutOfMemory ? 'memory' : 'exit');
  // Of a program that was ended in the middle the folder is half of something.
  const { files, leftOut } = reached === undefined ? collected : NO_FILES;
  for (const { path, content } of files)
    await send({ type: 'file', path, content: content.toString('base64') });
  await send({
    type: 'end',
    ...howItEnded(exit, cause),
    cause,
    left_out: [...leftOut],
    ms: Math.round(clock.monotonic() - startedAt),
  });
  return cause;
}

function howItEnded(
  { code }: ProgramExit,
  cause: ExecCause,
): { exit_code: number | null; signal: string | null } {
  if (code === null || cause !== 'exit') return { exit_code: null, signal: 'SIGKILL' };
  if (code <= SIGNAL_BASE) return { exit_code: code, signal: null };
  const found = Object.entries(constants.signals).find(([, number]) => number === code - SIGNAL_BASE);
  return found === undefined ? { exit_code: code, signal: null } : { exit_code: null, signal: found[0] };
}
