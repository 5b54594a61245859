import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { UsageError } from './exit-codes.ts';
import type { World } from './world.ts';

/** Asks a person. Throws UsageError where none sits: a script says `--yes`. */
export async function confirm(world: World, question: string): Promise<boolean> {
  if (!world.stdin.isTTY) throw new UsageError('Nobody is there to ask; say --yes.');
  const terminal = createInterface({ input: world.stdin, output: world.stderr });
  try {
    return /^y(es)?$/iu.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

/** A value that must not stand in a command line: from a pipe, or typed without being shown. */
export async function readSecretly(world: World, question: string): Promise<string> {
  if (!world.stdin.isTTY) return (await text(world.stdin)).replace(/\r?\n$/u, '');
  world.stderr.write(question);
  // Readline echoes what is typed into its output: this one swallows it.
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: world.stdin, output: silence, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    world.stderr.write('\n');
  }
}
