import { expect, test } from 'vitest';
import { titleFromMessage } from './message-title.ts';

test.each([
  ['Hello', 'Hello'],
  ['\n\n  ## What is a `lane`?\nsecond line', 'What is a lane?'],
  [`${'word '.repeat(20)}end`, `${'word '.repeat(11)}word…`],
  ['x'.repeat(100), `${'x'.repeat(60)}…`],
  ['👩‍👩‍👧', '👩‍👩‍👧'],
  [' \n???', undefined],
  ['', undefined],
])('the title of %j is %j', (message, title) => {
  expect(titleFromMessage(message)).toBe(title);
});
