import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { COMMANDS } from './command-list.ts';
import { completionScript } from './completion-script.ts';

/** What bash offers for a line whose last word is being typed. */
const offered = (...words: string[]): string[] => {
  const script = `${completionScript('bash', COMMANDS)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _switchyard; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const argv = ['--norc', '-c', script, 'bash', 'switchyard', ...words];
  return execFileSync('bash', argv, { encoding: 'utf8' })
    .split('\n')
    .filter((word) => word !== '');
};

test('bash completes commands, words of a group and options', () => {
  expect(offered('b')).toEqual(['bundle']);
  expect(offered('bundle', 'r')).toEqual(['rollback', 'remove']);
  expect(offered('bundle', 'new', '--t')).toEqual(['--template']);
  expect(offered('bundle', 'push', './x', '--p')).toEqual(['--profile']);
  expect(offered('chat', '--b')).toEqual(['--bundle']);
  expect(offered('nothing', 'x')).toEqual([]);
});

test('every command stands in every script', () => {
  for (const shell of ['zsh', 'fish'] as const) {
    const script = completionScript(shell, COMMANDS);
    for (const { name } of COMMANDS)
      for (const word of name.split(' ')) expect(script, `${shell}: ${name}`).toContain(word);
  }
});
