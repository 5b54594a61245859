import type { ExecLanguage } from '@switchyard/protocol';
import { RUN_DIR } from '../backend.ts';

export interface ContainerLimits {
  readonly image: string;
  readonly cpus: number;
  readonly diskBytes: number;
  readonly processes: number;
  readonly uid: number;
}

/** Who made a container, on it as labels: whoever starts after a kill ends those whose maker is gone. */
export const HOST_LABEL = 'switchyard.exec.host';
export const MAKER_LABEL = 'switchyard.exec.pid';

const OPEN_FILES = 256;
/** Beside the program's own time: unpacking its files, packing its folder. */
const SPARE_SEC = 60;
const MAX_INODES = 100_000;
/**
 * The first process of a container: sleeps so many seconds, and takes in the children that other processes leave. It cannot be ended from
 * inside; a second of its sleep can.
 */
const HOLD = 'i=0; while [ "$i" -lt "$0" ]; do sleep 1; i=$((i + 1)); done';

export interface Holder {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly timeoutMs: number;
}

/** The arguments that make a container which holds a program. Its first process sleeps, and ends it should nobody be left to do so. */
export function holderArguments(holder: Holder, limits: ContainerLimits): string[] {
  const { memoryBytes } = holder;
  // Of the program's own user: engines set the mode to that of the folder which is covered.
  const tmpfs = (path: string): string[] => [
    '--tmpfs',
    `${path}:rw,exec,nosuid,nodev,size=${limits.diskBytes},nr_inodes=${MAX_INODES},uid=${limits.uid},gid=${limits.uid},mode=755`,
  ];
  return [
    ['run', '--detach', '--rm', '--pull', 'never', '--name', holder.name],
    Object.entries(holder.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ['--network', 'none', '--read-only', '--user', `${limits.uid}:${limits.uid}`],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--ipc', 'private'],
    ['--pids-limit', String(limits.processes), '--cpus', String(limits.cpus)],
    // The same number for both: no swap.
    ['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)],
    ['--ulimit', 'core=0', '--ulimit', `nofile=${OPEN_FILES}`, '--ulimit', `fsize=${limits.diskBytes}`],
    ['--shm-size', String(limits.diskBytes), ...tmpfs('/tmp'), ...tmpfs(RUN_DIR)],
    ['--workdir', RUN_DIR, '--hostname', 'sandbox', '--env', `HOME=${RUN_DIR}`, '--env', 'LANG=C.UTF-8'],
    ['--entrypoint', 'sh', limits.image, '-c', HOLD],
    [String(Math.ceil(holder.timeoutMs / 1000) + SPARE_SEC)],
  ].flat();
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ENVIRONMENT: Readonly<Record<ExecLanguage, Readonly<Record<string, string>>>> = {
  python: { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
  javascript: { NO_COLOR: '1' },
  shell: {},
};

/** Runs a program in its container. */
export function programArguments(name: string, language: ExecLanguage, command: readonly string[]): string[] {
  const variables = { PATH, HOME: RUN_DIR, LANG: 'C.UTF-8', ...ENVIRONMENT[language] };
  // What the image says of itself is not for the program.
  const env = ['env', '-i', ...Object.entries(variables).map(([key, value]) => `${key}=${value}`)];
  return ['exec', '--interactive', name, ...env, ...command];
}

/** Unpacks the program's files from its input. */
export const unpackArguments = (name: string): string[] => [
  'exec',
  '--interactive',
  name,
  'tar',
  '-xf',
  '-',
  '-C',
  RUN_DIR,
];

/** How often the kernel ended a process for its memory, on either kind of control groups. */
const OOM_COUNTS =
  'cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null | grep "^oom_kill " >&2';

/** Ends whatever the program left running, then packs its folder; on the other stream it says whether memory ran out. */
export const packArguments = (name: string): string[] => [
  'exec',
  name,
  'sh',
  '-c',
  `kill -9 -1 2>/dev/null; ${OOM_COUNTS}; tar -cf - --hard-dereference -C ${RUN_DIR} . 2>/dev/null`,
];
