import { spawn } from 'node:child_process';
import { PlatformError, errorCode } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';

export interface GitRun {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Over all commands of one fetch. */
  readonly deadline: Deadline;
  /** The largest file that git may write; the kernel ends it over this. */
  readonly maxFileBytes: number;
}

/** A git that did not end well: what it said last, or why it was ended. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

/** Of what git says on either stream; a list of files is the longest. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** What `ulimit -f` counts in. */
const BLOCK_BYTES = 512;
/** KiB of address space: git reads packs by mapping them, and objects of a bomb by unpacking them. */
const MAX_MEMORY_KIB = 4 * 1024 * 1024;
/** Arguments after `$1` are git's own: nothing of them is read by the shell. */
const BOUNDED = 'ulimit -f "$1" && { ulimit -v "$2" 2>/dev/null || :; } && shift 2 && exec git "$@"';

/**
 * One git command, with what it wrote to its output. A process group of its own: git leaves its helpers behind when it is killed alone, and
 * one that reads from a silent server would stay for ever. Rejects GitFailure, and UNAVAILABLE where there is no git.
 */
export async function runGit(
  { dir, env, deadline, maxFileBytes }: GitRun,
  args: readonly string[],
): Promise<string> {
  const blocks = String(Math.floor(maxFileBytes / BLOCK_BYTES));
  const child = spawn('sh', ['-c', BOUNDED, 'sh', blocks, String(MAX_MEMORY_KIB), ...args], {
    cwd: dir,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let ending: string | undefined;
  const end = (reason: string): void => {
    ending ??= reason;
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  };
  const timer = setTimeout(() => end('git took too long'), deadline.remainingMs());
  const output = { out: '', err: '' };
  let outputBytes = 0;
  const keep = (stream: keyof typeof output) => (chunk: Buffer) => {
    outputBytes += chunk.byteLength;
    if (outputBytes > MAX_OUTPUT_BYTES) return end('git said too much: there are too many files');
    output[stream] += chunk.toString('latin1');
  };
  child.stdout.on('data', keep('out'));
  child.stderr.on('data', keep('err'));
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...how) => resolve(how));
    });
    if (code === 127) throw PlatformError.of('UNAVAILABLE', 'There is no git on this worker.');
    if (ending !== undefined) throw new GitFailure(ending);
    if (code === 0) return Buffer.from(output.out, 'latin1').toString('utf8');
    throw new GitFailure(reasonOf(output.err, signal, maxFileBytes));
  } finally {
    clearTimeout(timer);
    // Helpers that outlived it, as one that was told nothing.
    end('over');
  }
}

/** Its helper that writes the pack is ended for the size of it; git itself says only that something is wrong with the pack. */
function reasonOf(said: string, signal: NodeJS.Signals | null, maxFileBytes: number): string {
  if (signal === 'SIGXFSZ' || /File too large|signal 25/iu.test(said))
    return `more than ${maxFileBytes} bytes would be fetched`;
  if (/index-pack (failed|output)/iu.test(said))
    return `what came is broken, or more than ${maxFileBytes} bytes`;
  return said.trim().split('\n').at(-1)?.slice(0, 300) || 'git failed';
}
