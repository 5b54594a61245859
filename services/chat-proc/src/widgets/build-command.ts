import { bubblewrap } from '@switchyard/runner';

/** What holds a build. `permission` where bubblewrap does not start. */
export type BuildSandbox = 'bwrap' | 'permission';

export interface BuildCommandParts {
  readonly sandbox: BuildSandbox;
  readonly nodePath: string;
  readonly programFile: string;
  /** Folders that the build may read: libraries, the program, the version. */
  readonly readable: readonly string[];
  /** The one folder that it may write. */
  readonly outDir: string;
  readonly memoryMb: number;
  readonly maxFileBytes: number;
  readonly order: object;
}

/** The command line of a build. Pure: what it holds can be read off its result. */
export function buildCommand(parts: BuildCommandParts): { command: string; args: string[] } {
  const { sandbox, nodePath, programFile, readable, outDir, order } = parts;
  const heap = `--max-old-space-size=${parts.memoryMb}`;
  const program = [programFile, JSON.stringify(order)];
  // A file that grows over this ends the build; no core files of what an author sent.
  const bounded = ['prlimit', `--fsize=${parts.maxFileBytes}`, '--core=0', '--'];
  if (sandbox === 'permission') {
    const flags = [
      '--no-warnings',
      '--permission',
      // Vite's bundler is a native library with threads of its own.
      '--allow-addons',
      '--allow-worker',
      // It looks around the whole machine (is this WSL, is there a lockfile above), and its native half asks nobody: what may come
      // into a page is held by the program itself.
      '--allow-fs-read=*',
      `--allow-fs-write=${outDir}`,
    ];
    return { command: nodePath, args: [...flags, heap, ...program] };
  }
  const inside = [...bubblewrap('bwrap', nodePath, readable, outDir), nodePath, heap, ...program];
  const [command = '', ...args] = [...bounded, ...inside];
  return { command, args };
}
