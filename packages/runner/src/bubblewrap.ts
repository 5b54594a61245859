/** Folders of the system that the node binary needs to start inside bubblewrap; of /etc there is nothing. */
const SYSTEM_FOLDERS = ['/usr', '/lib', '/lib64'];

/**
 * The beginning of a command line, for hosts of bundles and builds of their widgets alike. Own pid, mount, network, ipc and uts namespaces; a
 * root of nothing but what node and the program need, read-only but for `writableDir`; no environment, no capabilities.
 */
export function bubblewrap(
  bwrapPath: string,
  nodePath: string,
  readable: readonly string[],
  writableDir?: string,
): string[] {
  const writable = writableDir === undefined ? [] : ['--bind', writableDir, writableDir];
  const readOnly = [nodePath, ...readable].flatMap((path) => ['--ro-bind', path, path]);
  return [
    bwrapPath,
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
    ...writable,
    '--remount-ro',
    '/',
    '--chdir',
    '/',
    '--',
  ];
}
