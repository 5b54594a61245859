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

export interface Holder {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly timeoutMs: number;
}

/** The arguments that make a container which holds a program. Its first process sleeps, and ends it should nobody be left to do so. */
export function holderArguments(holder: Holder, limits: ContainerLimits): string[] {
  const { memoryBytes } = holder;
  const tmpfs = (path: string): string[] => [
    '--tmpfs',
    `${path}:rw,exec,nosuid,nodev,size=${limits.diskBytes},nr_inodes=${MAX_INODES},mode=1777`,
  ];
  return [
    ['run', '--detach', '--rm', '--pull', 'never', '--init', '--name', holder.name],
    Object.entries(holder.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ['--network', 'none', '--read-only', '--user', `${limits.uid}:${limits.uid}`],
    ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--ipc', 'private'],
    ['--pids-limit', String(limits.processes), '--cpus', String(limits.cpus)],
    // The same number for both: no swap.
    ['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes)],
    ['--ulimit', 'core=0', '--ulimit', `nofile=${OPEN_FILES}`, '--ulimit', `fsize=${limits.diskBytes}`],
    ['--shm-size', String(limits.diskBytes), ...tmpfs('/tmp'), ...tmpfs(RUN_DIR)],
    ['--workdir', RUN_DIR, '--hostname', 'sandbox', '--env', `HOME=${RUN_DIR}`, '--env', 'LANG=C.UTF-8'],
    ['--entrypoint', 'sleep', limits.image],
    [String(Math.ceil(holder.timeoutMs / 1000) + SPARE_SEC)],
  ].flat();
}

/** Of the image, only what a program should see. */
const ENVIRONMENT: Readonly<Record<ExecLanguage, Readonly<Record<string, string>>>> = {
  python: { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' },
  javascript: { NO_COLOR: '1' },
  shell: {},
};

/** Runs a program in its container. */
export function programArguments(name: string, language: ExecLanguage, command: readonly string[]): string[] {
  const variables = Object.entries(ENVIRONMENT[language]).flatMap(([key, value]) => [
    '--env',
    `${key}=${value}`,
  ]);
  return ['exec', '--interactive', ...variables, name, ...command];
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
