import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface PythonSandbox {
  readonly bwrapPath: string;
  /** Without it there is no network in the sandbox, not even this machine. */
  readonly sharesNetwork: boolean;
  /** Without it /proc is empty in the sandbox. */
  readonly hasProc: boolean;
}

export interface PythonCommandParts {
  readonly pythonPath: string;
  readonly args: readonly string[];
  /** Undefined: not contained. */
  readonly sandbox: PythonSandbox | undefined;
  /** Folders that Python itself lies in, of `findPython`. */
  readonly pythonFolders: readonly string[];
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly cwd: string;
}

const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib64', '/bin'];
/** What a lookup of a name and a certificate needs. */
const NETWORK_FILES = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/ssl',
  '/etc/ca-certificates',
];
/** Shared libraries are found by it. */
const LOADER_FILES = ['/etc/ld.so.cache', '/etc/alternatives'];

/** The command line of a Python host. Pure: what the sandbox holds can be read off its result. */
export function buildPythonCommand(parts: PythonCommandParts): { command: string; args: string[] } {
  const { pythonPath, args, sandbox, pythonFolders, readable, writable, cwd } = parts;
  if (sandbox === undefined) return { command: pythonPath, args: [...args] };
  const tried = [...SYSTEM_FOLDERS, ...LOADER_FILES, ...(sandbox.sharesNetwork ? NETWORK_FILES : [])];
  return {
    command: sandbox.bwrapPath,
    args: [
      '--unshare-all',
      ...(sandbox.sharesNetwork ? ['--share-net'] : []),
      '--die-with-parent',
      '--new-session',
      '--cap-drop',
      'ALL',
      ...tried.flatMap((path) => ['--ro-bind-try', path, path]),
      sandbox.hasProc ? '--proc' : '--tmpfs',
      '/proc',
      '--dev',
      '/dev',
      '--tmpfs',
      '/tmp',
      ...[...pythonFolders, ...readable].flatMap((path) => ['--ro-bind', path, path]),
      ...writable.flatMap((path) => ['--bind', path, path]),
      '--remount-ro',
      '/',
      '--chdir',
      cwd,
      '--',
      pythonPath,
      ...args,
    ],
  };
}

const LIMIT_MS = 10_000;

/**
 * The sandbox as this machine can have it. A container whose own /proc is masked lets nobody mount another one, and its own would show the
 * processes outside, so there it is an empty folder. Whether bubblewrap starts at all is told by the host that needs it.
 */
export async function openPythonSandbox(wanted: Omit<PythonSandbox, 'hasProc'>): Promise<PythonSandbox> {
  const args = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--', 'true'];
  const tried = promisify(execFile)(wanted.bwrapPath, args, { timeout: LIMIT_MS });
  const hasProc = await tried.then(
    () => true,
    () => false,
  );
  return { ...wanted, hasProc };
}

const FACTS = 'import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix]))';

/** Where a Python lies that is not the system's own: an environment, a home. Rejects where it does not start. */
export async function findPython(pythonPath: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await promisify(execFile)(pythonPath, ['-c', FACTS], { timeout: LIMIT_MS, env });
  const [executable = '', ...prefixes] = JSON.parse(stdout) as string[];
  const found = prefixes.filter((prefix) => !SYSTEM_FOLDERS.includes(prefix) && prefix !== '/');
  const isCovered = [...SYSTEM_FOLDERS, ...found].some((folder) => executable.startsWith(`${folder}/`));
  return [...new Set([...found, ...(isCovered ? [] : [executable])])];
}
