import type { ModelMessage } from 'ai';
import { expect, test } from 'vitest';
import { estimateTokens, fitContext } from './fit-context.ts';

const user = (content: string): ModelMessage => ({ role: 'user', content });
const assistant = (content: string): ModelMessage => ({ role: 'assistant', content });
const answered = (value: string): ModelMessage => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId: '1', toolName: 'a', output: { type: 'text', value } }],
});
const sumOf = (messages: readonly ModelMessage[]) =>
  messages.reduce((sum, message) => sum + estimateTokens(message), 0);
const LONG = 'x'.repeat(3_000);

test('what fits is left as it is', () => {
  const messages = [user('a'), assistant('b'), user('c')];
  expect(fitContext(messages, 2, 1_000)).toEqual(messages);
});

test('the oldest exchanges go first, and whole', () => {
  const messages = [user(LONG), assistant('b'), user('c'), assistant('d'), user('e')];
  expect(fitContext(messages, 4, 100)).toEqual(messages.slice(2));
});

test('then what tools have answered in this turn, but for the newest', () => {
  const messages = [user('q'), answered(LONG), answered('new')];
  const fitted = fitContext(messages, 0, 200);
  expect(JSON.stringify(fitted[1])).toContain('left out');
  expect(fitted[2]).toEqual(messages[2]);
  expect(sumOf(fitted)).toBeLessThanOrEqual(200);
});

test('a message that is too long by itself is cut', () => {
  const fitted = fitContext([user(LONG)], 0, 200);
  expect(sumOf(fitted)).toBeLessThanOrEqual(200);
  expect(fitted[0]?.content).toMatch(/^x+\n\(left out/u);
});
