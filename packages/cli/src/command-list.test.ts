import { expect, test } from 'vitest';
import { COMMANDS } from './command-list.ts';
import { GROUPS } from './command-spec.ts';

test('every command has an example that begins with its words', () => {
  for (const { name, examples } of COMMANDS) {
    expect(examples, name).not.toEqual([]);
    for (const [command] of examples) expect(command.startsWith(name), command).toBe(true);
  }
});

test('every group has words for its help', () => {
  const groups = COMMANDS.map(({ name }) => name.split(' ')).filter((words) => words.length === 2);
  for (const [group = ''] of groups) expect(GROUPS).toHaveProperty(group);
});
