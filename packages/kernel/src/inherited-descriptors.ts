/** The shell for `closeAbove`: of shells, bash alone has descriptors of more than one digit. */
export const CLOSING_SHELL = '/bin/bash';

/**
 * The beginning of a script for bash: closes every descriptor above `last`, before a program that is not trusted takes the shell's place.
 * What a process of ours was started with, as a launcher's pipes and locks, Node hands on to its children where it lies above 15. Node's
 * own descriptors are never handed on. Where descriptors cannot be listed nothing is started (code 71).
 */
export const closeAbove = (last: number): string =>
  `[ -d /dev/fd ] || exit 71; for fd in /dev/fd/*; do fd=\${fd##*/}; if [ "$fd" -gt ${last} ]; then eval "exec $fd>&-"; fi; done; `;
