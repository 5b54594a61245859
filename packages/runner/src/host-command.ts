import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { closingAbove } from '@switchyard/kernel';
import type { HostBoot } from '../host/messages.ts';
import { bubblewrap } from './bubblewrap.ts';
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

/** Where the runner's end of the host wire is among the child's descriptors. Node gives no way to read from what it made as a child's fd 0. */
export const WIRE_FD = 3;

/**
 * The host finds the wire on its descriptor 0, see host-wire.ts, and nothing of what this process was itself started with. The shell
 * becomes what it starts: the pid stays.
 */
const WIRE_TO_STDIN = closingAbove(WIRE_FD, `exec "$@" <&${WIRE_FD} ${WIRE_FD}<&-`);

export interface HostCommandParts {
  readonly tools: SandboxTools;
  readonly nodePath: string;
  readonly paths: RunnerPaths;
  /** Read-only: the version, or the empty folder that one will be linked into. */
  readonly versionDir: string;
  /** The one place where the host may write. */
  readonly scratchDir: string;
  readonly memoryMb: number;
  readonly config: RunnerConfig;
}

/** The command line of a host at one sandbox level. Pure: what a level holds can be read off its result. */
export function buildHostCommand(parts: HostCommandParts): HostCommand {
  const { tools, nodePath, paths, memoryMb, config, scratchDir } = parts;
  const readable = [dirname(paths.hostEntry), ...paths.readable, parts.versionDir];
  const boot: HostBoot = {
    sdkUrl: pathToFileURL(paths.sdkEntry).href,
    sampleUrl: pathToFileURL(paths.sample).href,
    zodHome: `${pathToFileURL(paths.zodDir).href}/`,
    ...(paths.zodUrls === undefined ? {} : { zodUrls: paths.zodUrls }),
    guarded: tools.level !== 'none',
    windowBytes: config.windowBytes,
    maxMessageBytes: config.maxMessageBytes,
    maxWholeBytes: config.maxWholeBytes,
    maxStreams: config.maxStreams,
    selfFenceMs: config.selfFenceMs,
  };
  const node = [
    nodePath,
    ...(tools.level === 'none' ? [] : permissionFlags(readable, scratchDir)),
    `--max-old-space-size=${memoryMb}`,
    '--no-warnings',
    paths.hostEntry,
    JSON.stringify(boot),
  ];
  const inner =
    tools.level === 'bwrap'
      ? [...bubblewrap(config.bwrapPath, nodePath, readable, scratchDir), ...node]
      : node;
  const limited = tools.hasUtilLinux ? [...underLimits(memoryMb, config), ...inner] : inner;
  const [command = '', ...args] = WIRE_TO_STDIN;
  return { command, args: [...args, ...limited] };
}

function permissionFlags(readable: readonly string[], scratchDir: string): string[] {
  return [
    '--permission',
    '--disable-sigusr1',
    ...[...readable, scratchDir].map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${scratchDir}`,
  ];
}

/** Ends with its parent, even in an endless loop; no core files; address space bounded far above the watchdog's limit. */
export function underLimits(memoryMb: number, config: Pick<RunnerConfig, 'rssHeadroomMb'>): string[] {
  const dataBytes = (NODE_DATA_MIB + memoryMb + config.rssHeadroomMb) * 1024 * 1024;
  return ['setpriv', '--pdeathsig', 'KILL', '--', 'prlimit', `--data=${dataBytes}`, '--core=0', '--'];
}
