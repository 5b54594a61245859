import { readFile, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BACKENDS, TOKEN, processesWith, startExec } from '../test/exec-rig.ts';
import type { ExecRig, Ran } from '../test/exec-rig.ts';

const MIB = 1024 * 1024;
const DISK = 16 * MIB;

/** Says of each thing that is tried what came of it, as JSON. */
const tried = (attempts: Readonly<Record<string, string>>): string =>
  [
    'import json, os, signal, socket, sys',
    'def tried(what):',
    '  try: return str(eval(what))',
    '  except BaseException as error: return "refused: " + type(error).__name__',
    `print(json.dumps({name: tried(what) for name, what in json.loads(${JSON.stringify(JSON.stringify(attempts))}).items()}))`,
  ].join('\n');

const told = ({ stdout, stderr }: Ran): Record<string, string> => {
  if (stdout === '') throw new Error(`it said nothing: ${stderr}`);
  return JSON.parse(stdout) as Record<string, string>;
};

describe.each(BACKENDS)('a program in %s', (backend) => {
  let rig: ExecRig;
  beforeAll(async () => {
    rig = await startExec(backend, {
      EXEC_DISK: '16MiB',
      EXEC_MEMORY: '256MiB',
      EXEC_PROCESSES: '48',
      EXEC_MAX_OUTPUT: '64KiB',
      EXEC_SLOTS: '3',
      EXEC_TIMEOUT: '60s',
    });
  });
  afterAll(() => rig.stop());

  const python = (code: string, limits: { timeout_ms?: number } = {}) =>
    rig.run({ language: 'python', code, limits });
  /** While something bad runs: a good program beside it is answered as ever. */
  const besides = async (bad: Promise<Ran>): Promise<Ran> => {
    const good = await rig.run({ language: 'shell', code: 'echo good' });
    expect(good).toMatchObject({ stdout: 'good\n', end: { exit_code: 0 } });
    const ran = await bad;
    expect((await rig.run({ language: 'shell', code: 'echo good' })).stdout).toBe('good\n');
    return ran;
  };

  test('reaches no network, not even this machine', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.end();
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const outcome = told(
      await python(
        tried({
          loopback: `socket.create_connection(("127.0.0.1", ${port}), timeout=5)`,
          outside: 'socket.create_connection(("192.0.2.1", 80), timeout=5)',
          names: 'socket.getaddrinfo("example.com", 80)',
          packets: 'socket.socket(socket.AF_PACKET, socket.SOCK_RAW)',
        }),
      ),
    );
    server.close();
    expect(Object.values(outcome).filter((what) => !what.startsWith('refused'))).toEqual([]);
    expect(connections).toBe(0);
  });

  test('reads nothing of this machine', async () => {
    const outside = import.meta.filename;
    const read = (path: string) => `open(${JSON.stringify(path)}, "rb").read().decode("latin1")`;
    const outcome = told(
      await python(
        tried({
          passwd: read('/etc/passwd'),
          shadow: read('/etc/shadow'),
          code: read(outside),
          service: read(`/proc/${process.pid}/environ`),
          through: read(`/proc/${process.pid}/root/etc/hostname`),
          kernel: read('/proc/kcore'),
          memory: read('/dev/mem'),
          disks: 'len([name for name in os.listdir("/dev") if name.startswith(("sd", "vd", "nvme"))])',
          home: 'os.listdir("/root")',
        }),
      ),
    );
    const { passwd = '', disks, ...others } = outcome;
    // A container has a list of its own.
    expect(passwd).not.toBe(await readFile('/etc/passwd', 'latin1'));
    expect(disks).toBe('0');
    expect(Object.values(others).filter((what) => !what.startsWith('refused'))).toEqual([]);
  });

  test('finds the token of the service nowhere', async () => {
    const code = `
import glob, os
def read(path):
    try: return open(path, "rb").read().decode("latin1")
    except OSError: return ""
found = [read(path) for kind in ("environ", "cmdline", "maps") for path in glob.glob(f"/proc/*/{kind}")]
print("".join(found), dict(os.environ), sorted(int(fd) for fd in os.listdir("/proc/self/fd")))
`;
    const { stdout } = await python(code);
    expect(stdout).toContain('[0, 1, 2, 3]');
    for (const word of [TOKEN, 'EXEC_TOKEN', 'VITEST']) expect(stdout).not.toContain(word);
  });

  test('sees and ends no process but its own', async () => {
    const outcome = told(
      await python(
        tried({
          pids: 'len([name for name in os.listdir("/proc") if name.isdigit()])',
          service: `os.kill(${process.pid}, 0)`,
          first: 'os.kill(1, signal.SIGKILL) or os.path.exists("/proc/1")',
        }),
      ),
    );
    expect(Number(outcome['pids'])).toBeLessThan(6);
    expect(outcome).toMatchObject({ service: 'refused: ProcessLookupError', first: 'True' });
  });

  test('is root nowhere and becomes nobody else', async () => {
    const code = tried({
      user: 'os.getuid()',
      setuid: 'os.setuid(0)',
      groups: 'os.setgroups([0])',
      privileges:
        '[line.split()[1] for line in open("/proc/self/status") if line.startswith(("CapEff", "CapBnd", "NoNewPrivs"))]',
      chroot: 'os.chroot("/tmp")',
      nice: 'os.nice(-20)',
      node: 'os.mknod("/tmp/mem", 0o600 | 0o020000, os.makedev(1, 1))',
      file: 'os.chmod(os.open("/tmp/x", os.O_CREAT | os.O_RDWR), 0o6777) or os.stat("/tmp/x").st_uid',
    });
    const { user, privileges, file, ...others } = told(await python(code));
    expect(Number(user)).toBeGreaterThan(0);
    expect(Number(file)).toBe(Number(user));
    const zeros = '0'.repeat(16);
    expect(privileges).toBe(`['${zeros}', '${zeros}', '1']`);
    expect(Object.values(others).filter((what) => !what.startsWith('refused'))).toEqual([]);
    const su = await rig.run({
      language: 'shell',
      code: 'su -c id root </dev/null; mount -t tmpfs x /tmp; id -u',
    });
    expect(su.stdout).toBe(`${user}\n`);
  });

  test('makes no namespace, and reaches no part of the kernel that it does not need', async () => {
    const call = (name: string, ...values: (number | string)[]) => `libc.${name}(${values.join(', ')})`;
    const code = `
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
def tried(what):
    ctypes.set_errno(0)
    result = eval(what)
    return [result, ctypes.get_errno()]
attempts = ${JSON.stringify({
      user: call('unshare', 0x1000_0000),
      mount: call('mount', 0, 'b"/tmp"', 0, 4096, 0),
      trace: call('ptrace', 0, 0, 0, 0),
      keys: call('syscall', process.arch === 'x64' ? 250 : 219, 0, -3, 0, 0, 0),
      bpf: call('syscall', process.arch === 'x64' ? 321 : 280, 0, 0, 0),
      counters: call('syscall', process.arch === 'x64' ? 298 : 241, 0, 0, -1, -1, 0),
      rings: call('syscall', 425, 1, 0),
    })}
print(json.dumps({name: tried(what) for name, what in attempts.items()}))
`;
    const outcome = told(await python(code)) as unknown as Record<string, [number, number] | undefined>;
    // An engine's own filter lets programs trace themselves, and some let them have rings.
    const { trace, rings, ...all } = outcome;
    const refused = backend === 'bwrap' ? { trace, rings, ...all } : all;
    const allowed = Object.entries(refused).filter(
      ([, [result, errno] = [0, 0]]) => result !== -1 || ![1, 38].includes(errno),
    );
    expect(allowed).toEqual([]);
  });

  test('writes nowhere but to its own folders', async () => {
    const write = (path: string) => `open(${JSON.stringify(path)}, "w").write("x")`;
    const outcome = told(
      await python(
        tried({
          root: write('/new'),
          usr: write('/usr/new'),
          etc: write('/etc/new'),
          dev: write('/dev/new'),
          outside: write(import.meta.filename),
          sysctl: write('/proc/sys/kernel/core_pattern'),
          sysrq: write('/proc/sysrq-trigger'),
          own: write('/sandbox/new'),
        }),
      ),
    );
    const { own, ...others } = outcome;
    expect(own).toBe('1');
    expect(Object.values(others).filter((what) => !what.startsWith('refused'))).toEqual([]);
  });

  test('a fork bomb stays within its bound', async () => {
    const counted = await python(
      'import os, time\ncount = 0\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(600)\n    count += 1\nexcept OSError: print(count)',
    );
    expect(Number(counted.stdout)).toBeGreaterThan(10);
    expect(Number(counted.stdout)).toBeLessThan(48);
    const bomb = rig.run({
      language: 'shell',
      code: ':(){ :|:& };: 2>/dev/null; sleep 600',
      limits: { timeout_ms: 2000 },
    });
    expect((await besides(bomb)).end).toMatchObject({ cause: 'timeout' });
  });

  test('memory beyond its own is not given, to one process or to many', async () => {
    const one = await besides(python('all = []\nwhile True: all.append(bytearray(10 * 1024 * 1024))'));
    // Python says it itself where the system refuses; where the kernel or the watch is first, the run does.
    expect(one.stderr.includes('MemoryError') || one.end?.cause === 'memory').toBe(true);
    const many = await besides(
      python(
        'import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n    kept = bytearray(b"x" * (60 * 1024 * 1024))\n    time.sleep(5)\n    os._exit(0)\nfor _ in range(8): os.wait()',
      ),
    );
    expect(many.end).toMatchObject({ cause: 'memory' });
    const node = await besides(
      rig.run({
        language: 'javascript',
        code: 'const all = []; for (;;) all.push(Buffer.alloc(10 * 1024 * 1024, 1));',
      }),
    );
    expect(node.end?.exit_code).not.toBe(0);
    const hidden = await besides(
      python(
        'import mmap, time\nkept = []\nfor _ in range(100):\n  m = mmap.mmap(-1, 8 * 1024 * 1024)\n  m.write(b"x" * len(m))\n  kept.append(m)\ntime.sleep(600)',
      ),
    );
    expect(['memory', 'exit']).toContain(hidden.end?.cause);
  });

  test('fills no disk', async () => {
    const code = `
import os
total = 0
for folder in ("/sandbox", "/tmp", "/dev/shm"):
    for number in range(100):
        try:
            with open(f"{folder}/{number}", "wb", buffering=0) as file:
                while True: total += file.write(b"x" * 1024 * 1024)
        except OSError: pass
print(total)
`;
    const filled = await besides(python(code));
    expect(Number(filled.stdout)).toBeGreaterThan(DISK);
    expect(Number(filled.stdout)).toBeLessThanOrEqual(3 * DISK);
    const one = await python('open("/sandbox/a", "wb").truncate(1 << 40)');
    expect(one.end?.exit_code).not.toBe(0);
    const empty = await besides(
      python('for number in range(20000): open(f"/sandbox/{number}", "w").close()'),
    );
    expect(empty.end).toMatchObject({ exit_code: 0 });
    expect(Object.keys(empty.files)).toHaveLength(50);
  });

  test('an endless loop ends with its time', async () => {
    const { end } = await besides(python('while True: pass', { timeout_ms: 700 }));
    expect(end).toMatchObject({ exit_code: null, signal: 'SIGKILL', cause: 'timeout' });
    expect(end?.ms).toBeGreaterThanOrEqual(700);
  });

  test('endless output is cut, and ends the program', async () => {
    const { end, stdout } = await besides(rig.run({ language: 'shell', code: 'yes öööö' }));
    expect(end).toMatchObject({ cause: 'output' });
    expect(stdout).toMatch(/\n\[cut: a program may print 65536 bytes\]\n$/);
    expect(Buffer.byteLength(stdout)).toBeLessThan(65_536 + 100);
  });

  test('what is no plain file does not come back, and nothing is followed', async () => {
    const code = `
import os, socket
os.symlink("/etc/passwd", "link")
os.symlink("/", "folder")
os.symlink("../../../../etc", "up")
os.mkfifo("pipe")
socket.socket(socket.AF_UNIX).bind("socket")
open("plain", "w").write("plain")
os.link("plain", "twice")
open("closed", "w").write("closed")
os.chmod("closed", 0)
`;
    const { files, end } = await python(code);
    expect(files).toEqual({ plain: 'plain', twice: 'plain' });
    expect(end?.left_out.toSorted()).toEqual(expect.arrayContaining(['folder', 'link', 'pipe', 'up']));
  });

  test('ends all that it can reach, and with it itself alone', async () => {
    for (const target of ['os.getppid()', '-1', '0'])
      expect((await besides(python(`import os\nos.kill(${target}, 9)\nprint("alive")`))).end).toBeDefined();
  });

  test('leaves nothing running', async () => {
    const code = '(setsid sleep 4711.25 </dev/null >/dev/null 2>&1 &) ; setsid sleep 4711.5 & echo left';
    const { stdout, end } = await rig.run({ language: 'shell', code });
    expect([stdout, end?.exit_code]).toEqual(['left\n', 0]);
    await expect.poll(() => processesWith('sleep 4711.')).toEqual([]);
  });
});

test('in bwrap: who writes to what its folder is packed into gives away nothing but its files', async () => {
  const rig = await startExec('bwrap');
  const code = 'open("mine", "w").write("x")\nopen("/proc/1/fd/3", "wb").write(b"junk" * 1000)';
  const { end } = await rig.run({ language: 'python', code });
  expect(end?.cause).toBe('exit');
  const memfd = await rig.run({ language: 'python', code: 'import os\nos.memfd_create("x")' });
  expect(memfd.stderr).toContain('PermissionError');
  await rig.stop();
});

test('nothing is left in the folder for temporary files', async () => {
  const before = await readdir('/tmp');
  const rig = await startExec('bwrap');
  await rig.run({ language: 'python', code: 'open("/tmp/4711-left", "w"); open("4711-left", "w")' });
  await rig.stop();
  const names = (await readdir('/tmp')).filter((name) => !before.includes(name));
  expect(names.filter((name) => name.includes('4711') || name.includes('exec'))).toEqual([]);
  await expect(stat('/sandbox')).rejects.toThrow('ENOENT');
});
