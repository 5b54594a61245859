import { expect, test } from 'vitest';
import { readPublication } from './log-entry.ts';

const entry = (logId: string, prev: string, data: string) => ({
  logId,
  prev,
  event: 'chat_delta',
  streamId: 's',
  conversationId: 'c',
  turnId: 't',
  data,
});
const fields = (...[logId, prev, data]: Parameters<typeof entry>) => [
  logId,
  prev,
  'chat_delta',
  's',
  'c',
  't',
  data,
];
const several = (last: string[], ...before: string[][]) =>
  JSON.stringify(last.with(5, ['t', ...before.map((each) => each.join('\n'))].join('\n')));

test('one entry, and several in their order', () => {
  expect(readPublication(JSON.stringify(fields('1-3', '1-2', '{}')))).toEqual([entry('1-3', '1-2', '{}')]);
  const message = several(
    fields('1-3', '1-2', '{}'),
    fields('1-1', '0-0', '{"a":1}'),
    fields('1-2', '1-1', ''),
  );
  expect(readPublication(message)).toEqual([
    entry('1-1', '0-0', '{"a":1}'),
    entry('1-2', '1-1', ''),
    entry('1-3', '1-2', '{}'),
  ]);
});

test('what does not come out in sevens is one entry, whose forerunner the log has', () => {
  const message = several(fields('1-3', '1-2', '{}'), ['1-2', '1-1']);
  expect(readPublication(message)).toEqual([entry('1-3', '1-2', '{}')]);
});

test.each(['', 'x', '{}', '[]', '["1-1"]', '[1,2,3,4,5,6,7]'])('%j is not ours', (message) => {
  expect(readPublication(message)).toBeUndefined();
});
