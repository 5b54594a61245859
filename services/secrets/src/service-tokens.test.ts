import { Secret } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createServiceTokens } from './service-tokens.ts';

const PROC = 'p'.repeat(32);
const OPERATOR = 'o'.repeat(32);

test('knows each service by its own token', () => {
  const authenticate = createServiceTokens({ 'chat-proc': new Secret(PROC), operator: new Secret(OPERATOR) });
  expect(authenticate(`Bearer ${PROC}`)).toBe('chat-proc');
  expect(authenticate(`bearer ${OPERATOR}`)).toBe('operator');
  for (const bad of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    PROC,
    `Basic ${PROC}`,
    `Bearer ${PROC}x`,
    `Bearer ${PROC.slice(1)}`,
  ]) {
    expect(() => authenticate(bad)).toThrow('The token is not valid.');
  }
});

test('refuses to be without tokens, with short ones, with one for two', () => {
  expect(() => createServiceTokens({})).toThrow('no service has a token');
  expect(() => createServiceTokens({ 'chat-proc': new Secret('short') })).toThrow('shorter than 32');
  expect(() => createServiceTokens({ 'chat-proc': new Secret(PROC), operator: new Secret(PROC) })).toThrow(
    'same token',
  );
});
