import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HostBoot } from '../host/messages.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { RunnerPaths } from './runner-paths.ts';

/** What this machine offers; found once at start by `probeSandbox`. */
export interface SandboxTools {
  readonly level: 'bwrap' | 'permission' | 'none';
  /** util-linux `setpriv` and `prlimit`: kill with the parent, hard bound on memory, no core files. */
  readonly hasUtilLinux: boolean;
}

export interface HostCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Address space that Node maps before any code runs (560 MiB on x64, 26.10), with room for other machines. */
const NODE_DATA_MIB = 1024;

/** Folders of the system that the node binary needs to start inside bubblewrap; of /etc there is nothing. */
const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib64'];

export interface HostCommandParts {
  readonly tools: SandboxTools;
  readonly nodePath: string;
  readonly paths: RunnerPaths;
  readonly versionDir: string;
  readonly memoryMb: number;
  readonly config: RunnerConfig;
}

/** The command line of a host at one sandbox level. Pure: what a level holds can be read off its result. */
export function buildHostCommand(parts: HostCommandParts): HostCommand {
  const { tools, nodePath, paths, memoryMb, config } = parts;
  const readable = [dirname(paths.hostEntry), ...paths.readable, parts.versionDir];
  const boot: HostBoot = {
    sdkUrl: pathToFileURL(paths.sdkEntry).href,
    guarded: tools.level !== 'none',
    windowBytes: config.windowBytes,
    maxMessageBytes: config.maxMessageBytes,
    selfFenceMs: config.selfFenceMs,
  };
  const node = [
    nodePath,
    ...(tools.level === 'none' ? [] : permissionFlags(readable)),
    `--max-old-space-size=${memoryMb}`,
    '--no-warnings',
    paths.hostEntry,
    JSON.stringify(boot),
  ];
  const inner = tools.level === 'bwrap' ? [...bubblewrap(nodePath, readable), ...node] : node;
  const [command = nodePath, ...args] = tools.hasUtilLinux
    ? [...underLimits(memoryMb, config), ...inner]
    : inner;
  return { command, args };
}

function permissionFlags(readable: readonly string[]): string[] {
  return ['--permission', '--disable-sigusr1', ...readable.map((path) => `--allow-fs-read=${path}`)];
}

/** Own pid, mount, network, ipc and uts namespaces; a root of nothing but what node and the bundle need, read-only. */
export function bubblewrap(nodePath: string, readable: readonly string[]): string[] {
  const readOnly = [nodePath, ...readable].flatMap((path) => ['--ro-bind', path, path]);
  return [
    'bwrap',
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--clearenv',
    ...SYSTEM_FOLDERS.flatMap((path) => ['--ro-bind-try', path, path]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
    ...readOnly,
    '--remount-ro',
    '/',
    '--chdir',
    '/',
    '--',
  ];
}

/** Ends with its parent, even in an endless loop; no core files; address space bounded far above the watchdog's limit. */
export function underLimits(memoryMb: number, config: Pick<RunnerConfig, 'rssHeadroomMb'>): string[] {
  const dataBytes = (NODE_DATA_MIB + memoryMb + config.rssHeadroomMb) * 1024 * 1024;
  return ['setpriv', '--pdeathsig', 'KILL', '--', 'prlimit', `--data=${dataBytes}`, '--core=0', '--'];
}
