/** Of shells, bash alone has descriptors of more than one digit. */
const BASH = '/bin/bash';

/**
 * The beginning of a command: what is put behind it is started in place of the shell, with the same pid, and has no descriptor above
 * `last`. What a process of ours was started with, as a launcher's pipes and locks, Node hands on to its children where it lies above 15.
 * Node's own descriptors are never handed on. Where descriptors cannot be listed nothing is started (code 71).
 *
 * A bash whose input is a socket, as Node's pipes are, takes itself for one of a remote shell and reads `~/.bashrc`: not this one. Nor does
 * it take functions or a file to read from its environment.
 *
 * @param then how the program is started, with what else there is to move
 */
export const closingAbove = (last: number, then = 'exec "$@"', shell = BASH): readonly string[] => [
  shell,
  '--norc',
  '-p',
  '-c',
  `[ -d /dev/fd ] || exit 71; for fd in /dev/fd/*; do fd=\${fd##*/}; if [ "$fd" -gt ${last} ]; then eval "exec $fd>&-"; fi; done; ${then}`,
  'bash',
];
