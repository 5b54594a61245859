import { expect, test } from 'vitest';
import { answer } from './answer.ts';

const say = (message: string) => [...answer(message, 'Ada')].map(({ text }) => text).join('');

test.each([
  ['Hello!', 'Hello, Ada! I am the smallest bundle there is.'],
  ['  hey you', 'Hello, Ada! I am the smallest bundle there is.'],
  ['What is  new?', 'You said: “What is  new?”. Thank you, Ada.'],
  ['Please count to 4', '1, 2, 3, 4.'],
  ['count up to 0', 'Zero. That was quick.'],
])('"%s" is answered', (message, expected) => {
  expect(say(message)).toBe(expected);
});

test('counting has an end', () => {
  const said = say('Count to 99999999999999999999');
  expect(said).toMatch(/^That is far. I will stop at 1000\.\n\n1, 2, .* 999, 1000\.$/u);
});

test('words come one by one', () => {
  expect([...answer('hi', 'Ada')].length).toBe(9);
});
