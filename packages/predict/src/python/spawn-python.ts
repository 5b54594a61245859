import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { closingAbove } from '@switchyard/kernel';
import { buildPythonCommand } from './python-command.ts';
import type { PythonHostParts } from './python-host-parts.ts';

/** Where our host says that there is something to look at; others say it by POST. */
export const STATUS_FD = 3;
const PYTHON_DIR = fileURLToPath(new URL('../../python', import.meta.url));
/** A predictor gets nothing of what this process was itself started with. The shell becomes what it starts: the pid stays. */
const [SHELL = '', ...WITHOUT_OTHERS] = closingAbove(STATUS_FD);
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'];

export interface PythonPlace {
  /** All that it may write. */
  readonly root: string;
  /** Where the files between it and us lie, below the root. */
  readonly workingDir: string;
  readonly statusUrl: string;
}

/** Starts the process of a predictor, in its sandbox, with no variable of ours but those that are named. */
export function spawnPython(
  { config, env, source, pythonFolders }: PythonHostParts,
  { root, workingDir, statusUrl }: PythonPlace,
): ChildProcess {
  const given = [...PASSED_ON, ...config.environment].flatMap((name) =>
    env[name] === undefined ? [] : [[name, env[name]] as const],
  );
  const named = ['--name', path.basename(root), '--ipc-url', statusUrl];
  const { command, args } = buildPythonCommand({
    pythonPath: config.pythonPath,
    args: ['-u', '-m', 'coglet', ...named, '--working-dir', workingDir],
    sandbox: config.pythonSandbox,
    pythonFolders,
    readable: [PYTHON_DIR, source.dir],
    writable: [root],
    cwd: source.dir,
  });
  return spawn(SHELL, [...WITHOUT_OTHERS, command, ...args], {
    cwd: source.dir,
    // A group of its own: what it starts is ended with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: {
      ...Object.fromEntries(given),
      TMPDIR: path.join(root, 'tmp'),
      PYTHONPATH: PYTHON_DIR,
      PYTHONDONTWRITEBYTECODE: '1',
      COGLET_DOORBELL: '1',
      COGLET_STATUS_FD: String(STATUS_FD),
      ...(config.memoryMb === undefined ? {} : { COGLET_MEMORY_MB: String(config.memoryMb) }),
    },
  });
}
