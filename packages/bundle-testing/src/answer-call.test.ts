import { expect, test } from 'vitest';
import { answerCall } from './answer-call.ts';
import { createFakePlatform } from './fake-platform.ts';

const caller = {
  granted: ['kv'],
  httpHosts: [],
  userId: 'u',
  continuations: [],
  signal: new AbortController().signal,
};

test.each([
  ['what was not asked for', 'storage', 'read', ['a', {}]],
  ['a method that is none', 'kv', 'drop', []],
  ['a name of a prototype', 'kv', 'toString', []],
  ['a target of a prototype', 'constructor', 'keys', []],
])('%s is denied', async (_what, target, method, args) => {
  const all = { ...caller, granted: target === 'storage' ? ['kv'] : ['kv', target] };
  await expect(answerCall(createFakePlatform(), all, { target, method, args })).rejects.toMatchObject({
    code: 'CAPABILITY_DENIED',
  });
});

test('the mailbox is a part of every turn', async () => {
  const call = { target: 'mailbox', method: 'peek', args: [] };
  expect(await answerCall(createFakePlatform(), caller, call)).toBeNull();
});
