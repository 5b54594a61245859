import { closingAbove } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { buildHostCommand } from './host-command.ts';
import type { SandboxTools } from './host-command.ts';
import { DEFAULT_RUNNER_CONFIG } from './runner-config.ts';

const build = (tools: SandboxTools) =>
  buildHostCommand({
    tools,
    nodePath: '/opt/node/bin/node',
    paths: {
      hostEntry: '/srv/runner/host/main.ts',
      sdkEntry: '/srv/sdk/src/index.ts',
      readable: ['/srv/sdk', '/srv/zod'],
      zodDir: '/srv/zod',
      sample: '/srv/program/sample.ts',
    },
    versionDir: '/data/bundles/a__b__c',
    scratchDir: '/data/hosts/1/scratch',
    memoryMb: 128,
    config: DEFAULT_RUNNER_CONFIG,
  });
const text = (tools: SandboxTools) => {
  const { command, args } = build(tools);
  // The shell moves the wire and becomes the rest.
  const shell = closingAbove(3, 'exec "$@" <&3 3<&-');
  expect([command, ...args.slice(0, shell.length - 1)]).toEqual(shell);
  return args.slice(shell.length - 1).join(' ');
};

test('permission: reads its own folders only, writes its scratch folder only, no network', () => {
  const line = text({ level: 'permission', hasUtilLinux: false });
  expect(line).toMatch(/^\/opt\/node\/bin\/node --permission --disable-sigusr1 /);
  expect(line.match(/--allow-\S+/g)).toEqual([
    '--allow-fs-read=/srv/runner/host',
    '--allow-fs-read=/srv/sdk',
    '--allow-fs-read=/srv/zod',
    '--allow-fs-read=/data/bundles/a__b__c',
    '--allow-fs-read=/data/hosts/1/scratch',
    '--allow-fs-write=/data/hosts/1/scratch',
  ]);
  expect(line).toContain('--max-old-space-size=128');
  expect(line).toContain('"guarded":true');
});

test('bwrap: the same inside namespaces of its own, on a read-only root without /etc', () => {
  const line = text({ level: 'bwrap', hasUtilLinux: false });
  expect(line).toMatch(
    /^\/usr\/bin\/bwrap --unshare-all --die-with-parent --new-session --cap-drop ALL --clearenv /,
  );
  expect(line.match(/--bind \S+ \S+/g)).toEqual(['--bind /data/hosts/1/scratch /data/hosts/1/scratch']);
  expect(line).not.toMatch(/--dev-bind |--share-net| \/etc/);
  expect(line).toContain('--remount-ro / --chdir / -- /opt/node/bin/node --permission');
});

test('none: no wall, and says so to the host', () => {
  const line = text({ level: 'none', hasUtilLinux: false });
  expect(line).not.toMatch(/--permission|--allow/);
  expect(line).toContain('"guarded":false');
});

test('with util-linux a host dies with its parent and has a hard bound on memory', () => {
  expect(text({ level: 'permission', hasUtilLinux: true })).toMatch(
    /^setpriv --pdeathsig KILL -- prlimit --data=1409286144 --core=0 -- \/opt\/node\/bin\/node --permission/,
  );
});
