import { expect, test } from 'vitest';
import { understand } from './question.ts';

const words = (message: string, earlier: string[] = []): string[] =>
  understand(message, earlier).terms.map((term) => term.word);

test.each([
  ['Hello', 'greeting'],
  ['  hi there! ', 'greeting'],
  ['Good morning', 'greeting'],
  ['What can you do?', 'about'],
  ['help', 'about'],
  ['Who are you?', 'about'],
  ['Thanks!', 'thanks'],
  ['thank you very much', 'thanks'],
  ['??', 'empty'],
  ['Thanks, how do leases expire?', 'question'],
  ['hello, what is a lane?', 'question'],
  ['help me restart a worker', 'question'],
])('%j is a %s', (message, kind) => {
  expect(understand(message, []).kind).toBe(kind);
});

test('keeps only the words that carry the subject', () => {
  expect(words('Could you please tell me how the lanes work?')).toEqual(['lanes']);
  expect(words('What happens when a worker dies in mid-answer?')).toEqual(['worker', 'dies', 'mid-answer']);
  expect(words("what's a chat-proc for?")).toEqual(['chat-proc']);
  expect(words('Was ist ein Straßenbündel über 5 GB?')).toContain('straßenbündel');
});

test('a short followup borrows the words of the question before', () => {
  const question = understand('and after?', ['What happens when a worker dies?', 'thanks']);
  expect(question.borrowedFrom).toBe('What happens when a worker dies?');
  expect(question.terms.map((term) => term.word)).toEqual(['worker', 'dies']);
  expect(words('Why does it take five seconds?', ['When does a lease expire?'])).toContain('lease');
  expect(words('and its lease?', ['What happens when a worker dies?'])).toEqual(['lease', 'worker', 'dies']);
});

test('a question of its own borrows nothing', () => {
  expect(
    understand('How do I install the stack on Debian?', ['What is a lane?']).borrowedFrom,
  ).toBeUndefined();
  expect(understand('and after?', []).terms).toEqual([]);
});
