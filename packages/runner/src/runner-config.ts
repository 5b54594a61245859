import type { PoolName } from './invocation.ts';

/** How hosts are contained. `auto`: `bwrap` where it starts, else `permission`. See README for what each one holds. */
export const SANDBOX_LEVELS = ['auto', 'bwrap', 'permission', 'none'] as const;
export type SandboxLevel = (typeof SANDBOX_LEVELS)[number];

/** Every wait, bound and limit of the runner. Times in milliseconds of the monotonic clock. */
export interface RunnerConfig {
  readonly sandbox: SandboxLevel;
  /** Hosts alive at once; over it the least recently used idle one is closed. */
  readonly maxHosts: number;
  /** Invocations at once in one host whose bundle declares no `concurrency`. */
  readonly hostConcurrency: number;
  /** Invocations of one pool at once over all hosts. */
  readonly slots: Readonly<Record<PoolName, number>>;
  /** Invocations of one pool that may wait for a place in one version's hosts, and how long. */
  readonly maxWaiting: number;
  readonly waitMs: number;
  /** From spawn to `onLoad` done. */
  readonly startMs: number;
  /** For `onPropsChanged`; a host that is over it serves no more calls. */
  readonly propsMs: number;
  readonly idleTtlMs: number;
  readonly pingMs: number;
  /** Silence with invocations running after which a host counts as blocked. */
  readonly blockedMs: number;
  /** Proc's silence after which a host with running invocations ends itself. Less than a lease. */
  readonly selfFenceMs: number;
  /** From cancel to retiring the host that still runs the invocation. */
  readonly cancelGraceMs: number;
  /** What a draining host's last invocations are given. */
  readonly drainMs: number;
  /** V8 old space of a host whose bundle declares none, and the most that one may declare. */
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
  /** Resident memory beyond `memoryMb` (Buffers, code, stacks) before the watchdog kills. */
  readonly rssHeadroomMb: number;
  /** Hosts that are started before anybody asks, so that a cold start is a load only. */
  readonly warmHosts: number;
  /** Absolute folder for what hosts write and for warm hosts' versions; best on the disk of the bundle store. Absent: the system's own for temporary files. */
  readonly workDir?: string;
  /** Absolute folder where the program of hosts is kept for the next runner, which then need not make it. Nobody else may write there. */
  readonly programsDir?: string;
  /** Requests, results and files of every invocation stay in `workDir`, for looking into. */
  readonly keepFiles: boolean;
  /** Of one file that a bundle hands over, and of all that a host has in its scratch folders. */
  readonly maxFileBytes: number;
  readonly maxScratchBytes: number;
  /** Bytes in a call, a result or an answer that are handed over whole; larger ones go as streams. */
  readonly maxWholeBytes: number;
  /** Streams open at once between one host and proc. */
  readonly maxStreams: number;
  /** The bubblewrap program. */
  readonly bwrapPath: string;
  /** Bytes of events of one invocation that a host may have under way unacknowledged. */
  readonly windowBytes: number;
  readonly maxMessageBytes: number;
  /** Messages a second from one host, beyond which it is ended: reading them would cost proc its own event loop. */
  readonly maxMessagesPerSecond: number;
  /** Log lines a second from one host; more are dropped and counted. */
  readonly logLinesPerSecond: number;
  readonly crashWindowMs: number;
  readonly maxCrashes: number;
  readonly breakerOpenMs: number;
  /** Hosts run under this user where proc is root. */
  readonly uid?: number;
  readonly gid?: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_RUNNER_CONFIG: RunnerConfig = {
  sandbox: 'auto',
  maxHosts: 32,
  hostConcurrency: 64,
  slots: { turn: 512, operation: 512, web: 512, job: 128, predict: 128 },
  maxWaiting: 256,
  waitMs: 10_000,
  startMs: 10_000,
  propsMs: 5000,
  idleTtlMs: 10 * 60_000,
  pingMs: 1000,
  blockedMs: 10_000,
  selfFenceMs: 4000,
  cancelGraceMs: 5000,
  drainMs: 60_000,
  memoryMb: 256,
  maxMemoryMb: 2048,
  rssHeadroomMb: 192,
  warmHosts: 0,
  keepFiles: false,
  maxFileBytes: 100 * MIB,
  maxScratchBytes: 512 * MIB,
  maxWholeBytes: 32 * MIB,
  maxStreams: 256,
  bwrapPath: '/usr/bin/bwrap',
  windowBytes: 64 * 1024,
  maxMessageBytes: 16 * 1024 * 1024,
  // A host that answers calls as fast as one core can sends 60,000.
  maxMessagesPerSecond: 200_000,
  logLinesPerSecond: 1000,
  crashWindowMs: 60_000,
  maxCrashes: 5,
  breakerOpenMs: 30_000,
};
