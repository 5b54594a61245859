import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { PlatformError, sleep } from '@switchyard/kernel';
import type { ExecLanguage } from '@switchyard/protocol';
import { packFiles } from '../../pack-files.ts';
import type { Backend, Program, ProgramExit, RunEar } from '../backend.ts';
import { FILES_IN_FD, FILES_OUT_FD, FILTER_FD, NOT_UNPACKED, bwrapCommand } from './bwrap-command.ts';
import type { BwrapLimits, BwrapTools } from './bwrap-command.ts';
import { killMarked, runMark } from './marked-processes.ts';
import { memoryOfTree } from './memory-of-tree.ts';

export interface BwrapParts {
  readonly tools: BwrapTools;
  readonly limits: BwrapLimits;
  readonly filter: Buffer;
  readonly makeId: () => string;
  /** Undefined: programs are of this service's own user. */
  readonly uid: number | undefined;
}

const LOOK_EVERY_MS = 100;
/** Programs wait for the service, never the other way round. */
const NICENESS = 10;

/** Programs in bubblewrap: namespaces of their own on the kernel of this machine. Nothing of them is ever on a disk. */
export function createBwrapBackend(parts: BwrapParts): Backend {
  return {
    name: 'bwrap',
    languages: Object.keys(parts.tools.interpreters) as ExecLanguage[],
    run: (program, ear, signal) => runInBwrap(parts, program, ear, signal),
  };
}

async function runInBwrap(
  parts: BwrapParts,
  program: Program,
  ear: RunEar,
  signal: AbortSignal,
): Promise<ProgramExit> {
  signal.throwIfAborted();
  const mark = runMark(process.pid, parts.makeId());
  const child = startSandbox(parts, program, mark);
  const closed = untilClosed(child);
  const end = (): void => void endAll(child, mark, closed);
  signal.addEventListener('abort', end, { once: true });
  const watch = watchMemory(child, program.memoryBytes, end);
  try {
    feed(child, program, parts.filter);
    const tar = child.stdio[FILES_OUT_FD] as Socket;
    await Promise.all([
      hear(child.stdout, (chunk) => ear.output('stdout', chunk)),
      hear(child.stderr, (chunk) => ear.output('stderr', chunk)),
      ear.files(tar),
    ]);
    const code = await closed;
    const isEnded = signal.aborted || watch.isOver();
    if (!isEnded && (code === NOT_UNPACKED || tar.bytesRead === 0))
      throw PlatformError.of('UNAVAILABLE', 'The sandbox did not start.');
    return { code: isEnded ? null : code, isOutOfMemory: watch.isOver() };
  } finally {
    watch.stop();
    signal.removeEventListener('abort', end);
    await endAll(child, mark, closed);
  }
}

/**
 * Until nothing is left. bubblewrap's first process takes the others with it, once they were told to end with it; one that is still being
 * made is of the same process group, and what slipped out of that is found by its mark.
 */
async function endAll(child: ChildProcess, mark: string, closed: Promise<unknown>): Promise<void> {
  const isClosed = closed.then(
    () => true,
    () => true,
  );
  for (;;) {
    if (child.exitCode === null && child.signalCode === null) killGroup(child);
    if (await Promise.race([isClosed, sleep(LOOK_EVERY_MS).then(() => false)])) return;
    await killMarked((one) => one === mark);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is over.
  }
}

function startSandbox({ tools, limits, uid }: BwrapParts, program: Program, mark: string): ChildProcess {
  const [command = '', ...args] = bwrapCommand(tools, program, limits, mark);
  const child = spawn(command, args, {
    env: {},
    cwd: '/',
    // A process group of its own.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, NICENESS);
    } catch {
      // It is over already.
    }
  }
  return child;
}

/** Who does not read is not waited for: an error here is the end of the program, which is told otherwise. */
function feed(child: ChildProcess, { stdin, files }: Program, filter: Buffer): void {
  // The typings know of no more than five.
  const pipes = child.stdio as unknown as readonly (Writable | null)[];
  const into = [child.stdin, pipes[FILES_IN_FD], pipes[FILTER_FD]];
  for (const pipe of into) pipe?.on('error', () => undefined);
  const [program, folder, rules] = into;
  rules?.end(filter);
  program?.end(stdin);
  if (folder)
    packFiles(files)
      .on('error', () => undefined)
      .pipe(folder);
}

async function hear(stream: Readable | null, say: (chunk: Buffer) => Promise<void>): Promise<void> {
  if (stream !== null) for await (const chunk of stream as AsyncIterable<Buffer>) await say(chunk);
}

/** Its code when all that held its pipes is gone; null after a signal. Rejects UNAVAILABLE where it could not be started. */
function untilClosed(child: ChildProcess): Promise<number | null> {
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('close', (code) => resolve(code));
    child.once('error', (cause) =>
      reject(PlatformError.of('UNAVAILABLE', 'The sandbox cannot be started.', { cause })),
    );
  });
  closed.catch(() => undefined);
  return closed;
}

/** All processes of a run together: a limit of the system's is one for each of them. */
function watchMemory(child: ChildProcess, maxBytes: number, kill: () => void) {
  let isOver = false;
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking || child.pid === undefined) return;
    isLooking = true;
    isOver ||= (await memoryOfTree(child.pid)) > maxBytes;
    isLooking = false;
    if (isOver) kill();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return { isOver: () => isOver, stop: () => clearInterval(timer) };
}
