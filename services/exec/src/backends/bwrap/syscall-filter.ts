/** Of classic BPF, what the filter needs. */
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_SET = 0x45;
const RETURN = 0x06;
/** Where `struct seccomp_data` has the call's number, the machine, and the low half of the first argument. */
const NUMBER_AT = 0;
const MACHINE_AT = 4;
const FIRST_ARGUMENT_AT = 16;

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const EPERM = 1;
const ENOSYS = 38;
const failWith = (errno: number): number => 0x0005_0000 + errno;

/** Calls of x64 with this bit are those of x32: a second name for each. */
const X32_BIT = 0x4000_0000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000;

/** On x64 and on arm64, of `asm/unistd.h`. */
type Numbers = readonly [x64: number, arm64: number];

/** What no program that computes needs. */
const REFUSED: Readonly<Record<string, Numbers>> = {
  // Namespaces and mounts.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  unshare: [272, 97],
  setns: [308, 268],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  // Other processes and their memory.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  // Parts of the kernel in which holes were found again and again.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  // Memory that no limit of ours sees.
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  // The machine.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  sethostname: [170, 161],
  setdomainname: [171, 162],
};
const CLONE: Numbers = [56, 220];
/** AUDIT_ARCH_*. */
const ARCHITECTURES: Numbers = [0xc000_003e, 0xc000_00b7];
/** The arguments of clone3 lie in memory, where no filter looks: libraries take "not there" and use clone. The same on both machines. */
const CLONE3 = 435;

/** The filter that bubblewrap sets for `--seccomp`. Throws RangeError for a machine whose numbers are not known here. */
export function syscallFilter(architecture: NodeJS.Architecture): Buffer {
  if (architecture !== 'x64' && architecture !== 'arm64')
    throw new RangeError(`no filter of system calls for ${architecture}`);
  const of = (numbers: Numbers): number => numbers[architecture === 'x64' ? 0 : 1];
  const program = [
    [LOAD_WORD, 0, 0, MACHINE_AT],
    [JUMP_IF_EQUAL, 1, 0, of(ARCHITECTURES)],
    [RETURN, 0, 0, KILL],
    [LOAD_WORD, 0, 0, NUMBER_AT],
    [JUMP_IF_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, failWith(ENOSYS)],
    ...Object.values(REFUSED).flatMap((numbers) => [
      [JUMP_IF_EQUAL, 0, 1, of(numbers)],
      [RETURN, 0, 0, failWith(EPERM)],
    ]),
    [JUMP_IF_EQUAL, 0, 1, CLONE3],
    [RETURN, 0, 0, failWith(ENOSYS)],
    [JUMP_IF_EQUAL, 0, 3, of(CLONE)],
    [LOAD_WORD, 0, 0, FIRST_ARGUMENT_AT],
    [JUMP_IF_SET, 0, 1, NEW_NAMESPACES],
    [RETURN, 0, 0, failWith(EPERM)],
    [RETURN, 0, 0, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [at, [code = 0, ifTrue = 0, ifFalse = 0, value = 0]] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8);
    bytes.writeUInt8(ifTrue, at * 8 + 2);
    bytes.writeUInt8(ifFalse, at * 8 + 3);
    bytes.writeUInt32LE(value, at * 8 + 4);
  }
  return bytes;
}
