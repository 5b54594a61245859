import { closingAbove } from '@switchyard/kernel';
import type { ExecLanguage } from '@switchyard/protocol';
import { RUN_DIR } from '../backend.ts';
import type { Program } from '../backend.ts';

/** What this machine offers; found once at start. */
export interface BwrapTools {
  readonly bwrapPath: string;
  readonly bashPath: string;
  readonly interpreters: Readonly<Partial<Record<ExecLanguage, Interpreter>>>;
  /** What the sandbox's own script is made of. */
  readonly helpers: readonly Bind[];
  /** Nobody in the sandbox may make a user namespace. */
  readonly forbidsNamespaces: boolean;
  /** Without it /proc is empty: in many containers nobody may mount another one. */
  readonly hasProc: boolean;
}

/** Outside, and inside. */
export type Bind = readonly [source: string, target: string];

export interface Interpreter {
  readonly binary: Bind;
  /** How it is called in the sandbox. */
  readonly name: string;
  /** What else of the disk it needs, under the same names; what is not there is left out. */
  readonly folders: readonly string[];
  /** `{memoryMb}` stands for the program's memory. */
  readonly env: Readonly<Record<string, string>>;
  /** Data that it maps before any program runs, beside the program's own. */
  readonly baseBytes: number;
}

export interface BwrapLimits {
  readonly diskBytes: number;
  readonly processes: number;
}

/** Descriptors of the sandbox's script, beside the program's own three. */
export const FILES_OUT_FD = 3;
export const FILES_IN_FD = 4;
export const FILTER_FD = 5;

/** Nobody: what the sandbox knows itself as. */
const INSIDE_ID = '65534';
const LIBRARIES = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/etc/ld.so.cache'];
const OPEN_FILES = 256;
/** The script could not make the folder. */
export const NOT_UNPACKED = 125;

/**
 * The first process of the sandbox, with number 1, so that nothing inside can end it: unpacks the program's files, runs it, ends whatever it
 * left running, and packs its folder. The program has neither descriptor. Argument 0 is the run's mark, 1 the bound on processes, which
 * counts within the sandbox's own user namespace only when it is set in there.
 */
const SCRIPT = [
  'processes=$1; shift',
  `tar -xf - -C ${RUN_DIR} <&${FILES_IN_FD} || exit ${NOT_UNPACKED}`,
  `exec ${FILES_IN_FD}<&-`,
  `prlimit "--nproc=$processes" -- "$@" ${FILES_OUT_FD}>&-`,
  'code=$?',
  'kill -9 -1 2>/dev/null',
  `tar -cf - --hard-dereference -C ${RUN_DIR} . >&${FILES_OUT_FD} 2>/dev/null`,
  'exit "$code"',
].join('\n');

/** The command line of a run. Pure: what the sandbox holds can be read off its result. */
export function bwrapCommand(
  tools: BwrapTools,
  program: Pick<Program, 'language' | 'command' | 'memoryBytes'>,
  limits: BwrapLimits,
  mark: string,
): readonly string[] {
  const interpreter = tools.interpreters[program.language];
  if (interpreter === undefined) throw new RangeError(`no interpreter for ${program.language}`);
  return [
    // Programs get nothing of what this service was itself started with.
    ...closingAbove(FILTER_FD, undefined, tools.bashPath),
    'prlimit',
    '--core=0',
    `--fsize=${limits.diskBytes}`,
    `--nofile=${OPEN_FILES}`,
    `--data=${program.memoryBytes + interpreter.baseBytes}`,
    '--',
    ...bubblewrap(tools, interpreter, limits.diskBytes, program.memoryBytes),
    '/bin/sh',
    '-c',
    SCRIPT,
    mark,
    String(limits.processes),
    ...program.command,
  ];
}

function bubblewrap(
  tools: BwrapTools,
  interpreter: Interpreter,
  diskBytes: number,
  memoryBytes: number,
): string[] {
  const tmpfs = (path: string): string[] => ['--size', String(diskBytes), '--tmpfs', path];
  const inside = `/usr/local/bin/${interpreter.name}`;
  return [
    [tools.bwrapPath],
    ['--unshare-user', '--uid', INSIDE_ID, '--gid', INSIDE_ID],
    tools.forbidsNamespaces ? ['--disable-userns'] : [],
    ['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    ['--as-pid-1', '--die-with-parent', '--new-session', '--hostname', 'sandbox'],
    ['--cap-drop', 'ALL', '--clearenv'],
    Object.entries(environmentOf(interpreter, memoryBytes)).flatMap(([name, value]) => [
      '--setenv',
      name,
      value,
    ]),
    [...LIBRARIES, ...interpreter.folders].flatMap((path) => ['--ro-bind-try', path, path]),
    [...tools.helpers, interpreter.binary].flatMap(([source, target]) => ['--ro-bind', source, target]),
    interpreter.binary[1] === inside ? [] : ['--symlink', interpreter.binary[1], inside],
    ['--symlink', 'usr/bin', '/bin'],
    tools.hasProc ? ['--proc', '/proc'] : ['--dir', '/proc'],
    // The devices lie on a tmpfs that takes as much as half of the machine's memory: only what is bounded may be written to.
    ['--dev', '/dev', ...tmpfs('/dev/shm'), '--remount-ro', '/dev'],
    tmpfs('/tmp'),
    tmpfs(RUN_DIR),
    ['--remount-ro', '/', '--chdir', RUN_DIR],
    ['--seccomp', String(FILTER_FD), '--'],
  ].flat();
}

function environmentOf({ env }: Interpreter, memoryBytes: number): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: RUN_DIR,
    LANG: 'C.UTF-8',
    ...Object.fromEntries(
      Object.entries(env).map(([name, value]) => [
        name,
        value.replace('{memoryMb}', String(Math.floor(memoryBytes / 1024 / 1024))),
      ]),
    ),
  };
}
