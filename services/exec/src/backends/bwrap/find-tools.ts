import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ExecLanguage } from '@switchyard/protocol';
import type { Bind, Interpreter } from './bwrap-command.ts';
import { reachableBinary } from './reachable-binary.ts';

/** What node maps before any code runs, and some for other machines; see `packages/runner`. */
const NODE_DATA_BYTES = 1024 * 1024 * 1024;
/** What libraries of Python and a shell's own commands take beside the program. */
const SMALL_DATA_BYTES = 64 * 1024 * 1024;
const HELPERS = ['sh', 'tar', 'prlimit'];
const ASK_MS = 10_000;

/** Where Python's own files lie, as it says itself. */
const FACTS =
  'import json, os, sys, sysconfig; p = sysconfig.get_paths(); print(json.dumps([os.path.realpath(sys.executable), sys.base_prefix, p["stdlib"], p["platstdlib"], p["purelib"], p["platlib"]]))';

export interface ToolPaths {
  /** Whether programs run as another user than this service, who may not pass to where its files lie. */
  readonly isForOthers: boolean;
  readonly nodePath: string;
  readonly pythonPath: string;
  readonly shellPath: string;
}

/** The tools of the sandbox's script. Rejects where one of them is not there. */
export async function findHelpers(): Promise<Bind[]> {
  return Promise.all(
    HELPERS.map(async (name): Promise<Bind> => [await realpath(`/usr/bin/${name}`), `/usr/bin/${name}`]),
  );
}

/** Interpreters that are there; whether they start in a sandbox is found out by starting them. */
export async function findInterpreters(
  paths: ToolPaths,
): Promise<Partial<Record<ExecLanguage, Interpreter>>> {
  const found = await Promise.all([
    orNone(findPython(paths.pythonPath)),
    orNone(findNode(paths)),
    orNone(findShell(paths.shellPath)),
  ]);
  const [python, javascript, shell] = found;
  return {
    ...(python === undefined ? {} : { python }),
    ...(javascript === undefined ? {} : { javascript }),
    ...(shell === undefined ? {} : { shell }),
  };
}

async function findNode({ nodePath, isForOthers }: ToolPaths): Promise<Interpreter> {
  const path = isForOthers ? await reachableBinary(nodePath) : await realpath(nodePath);
  return {
    binary: [path, '/usr/local/bin/node'],
    name: 'node',
    folders: [],
    env: { NODE_OPTIONS: '--max-old-space-size={memoryMb}', NO_COLOR: '1' },
    baseBytes: NODE_DATA_BYTES,
  };
}

async function findShell(path: string): Promise<Interpreter> {
  const real = await realpath(path);
  return {
    binary: [real, '/usr/local/bin/bash'],
    name: 'bash',
    folders: ['/usr/bin', '/etc/alternatives'],
    env: {},
    baseBytes: SMALL_DATA_BYTES,
  };
}

async function findPython(path: string): Promise<Interpreter> {
  // Nothing of this process' environment: it would change where Python looks.
  const { stdout } = await promisify(execFile)(path, ['-c', FACTS], { timeout: ASK_MS, env: {} });
  const [real = path, prefix = '/usr', ...libraries] = JSON.parse(stdout) as string[];
  return {
    // Python finds its library by where it lies.
    binary: [real, real],
    name: 'python3',
    folders: [...new Set([...(prefix === '/usr' ? [] : [`${prefix}/lib`]), ...libraries])],
    env: { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
    baseBytes: SMALL_DATA_BYTES,
  };
}

async function orNone<T>(finding: Promise<T>): Promise<T | undefined> {
  try {
    return await finding;
  } catch {
    return undefined;
  }
}
