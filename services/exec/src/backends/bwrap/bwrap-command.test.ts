import { expect, test } from 'vitest';
import { bwrapCommand } from './bwrap-command.ts';
import type { BwrapTools } from './bwrap-command.ts';
import { syscallFilter } from './syscall-filter.ts';

const TOOLS: BwrapTools = {
  bwrapPath: 'bwrap',
  bashPath: '/bin/bash',
  helpers: [['/usr/bin/dash', '/usr/bin/sh']],
  interpreters: {
    javascript: {
      binary: ['/opt/node', '/usr/local/bin/node'],
      name: 'node',
      folders: [],
      env: { NODE_OPTIONS: '--max-old-space-size={memoryMb}' },
      baseBytes: 1000,
    },
  },
  forbidsNamespaces: true,
  hasProc: true,
};
const PROGRAM = {
  language: 'javascript',
  command: ['node', 'main.js'],
  memoryBytes: 100 * 1024 * 1024,
} as const;

test('what a sandbox holds can be read off its command', () => {
  const command = bwrapCommand(TOOLS, PROGRAM, { diskBytes: 5000, processes: 7 }, 'mark').join(' ');
  for (const part of [
    'prlimit --core=0 --fsize=5000 --nofile=256 --data=104858600 -- bwrap --unshare-user',
    '--disable-userns --unshare-ipc --unshare-pid --unshare-net --unshare-uts',
    '--as-pid-1 --die-with-parent --new-session',
    '--cap-drop ALL --clearenv',
    '--setenv NODE_OPTIONS --max-old-space-size=100',
    '--ro-bind /usr/bin/dash /usr/bin/sh --ro-bind /opt/node /usr/local/bin/node',
    '--dev /dev --size 5000 --tmpfs /dev/shm --remount-ro /dev --size 5000 --tmpfs /tmp --size 5000 --tmpfs /sandbox',
    '--remount-ro / --chdir /sandbox --seccomp 5 -- /bin/sh -c',
    ' mark 7 node main.js',
  ])
    expect(command).toContain(part);
  // Nothing of the machine can be written to.
  expect(command).not.toMatch(/--(dev-)?bind(-try)? /);
  const weak = bwrapCommand(
    { ...TOOLS, forbidsNamespaces: false, hasProc: false },
    PROGRAM,
    { diskBytes: 1, processes: 1 },
    'mark',
  );
  expect(weak).not.toContain('--disable-userns');
  expect(weak).not.toContain('--proc');
});

test.each([
  ['x64', 0xc000_003e, 321],
  ['arm64', 0xc000_00b7, 280],
] as const)(
  'the filter for %s is a program of whole instructions that knows its machine and its numbers',
  (architecture, arch, bpf) => {
    const filter = syscallFilter(architecture);
    expect(filter.length % 8).toBe(0);
    const values = Array.from({ length: filter.length / 8 }, (_, at) => filter.readUInt32LE(at * 8 + 4));
    expect(values[1]).toBe(arch);
    expect(values).toContain(bpf);
    expect(values.at(-1)).toBe(0x7fff_0000);
  },
);

test('a machine whose numbers are not known has no filter', () => {
  expect(() => syscallFilter('riscv64')).toThrow(RangeError);
});
