import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFromHost } from './read-from-host.ts';

test.each([
  [{ kind: 'result', id: 1 }],
  [{ kind: 'result', id: 1, value: { a: [1] } }],
  [
    {
      kind: 'result',
      id: 1,
      error: { name: 'E', message: 'm', stack: 's', code: 'c', issues: [{ path: 'a', message: 'b' }] },
    },
  ],
  [{ kind: 'event', id: 1, bytes: 70, event: { kind: 'anything' } }],
  [{ kind: 'call', id: 1, call: 2, target: 'mailbox', method: 'take', args: [] }],
  [{ kind: 'log', level: 'warn', text: 'x' }],
  [{ kind: 'pong', id: 0, rssBytes: 1 }],
  [{ kind: 'fatal', error: { name: 'E', message: 'm' } }],
])('passes %j', (message) => {
  expect(readFromHost(message)).toBe(message);
});

test.each([
  [{ kind: 'constructor' }],
  [{ kind: 7 }],
  [{ kind: 'result', id: '1' }],
  [{ kind: 'result', id: 1, error: null }],
  [{ kind: 'result', id: 1, error: { name: 'E', message: 5 } }],
  [{ kind: 'result', id: 1, error: { name: 'E', message: 'm', issues: [null] } }],
  [{ kind: 'event', id: 1, bytes: -1 }],
  [{ kind: 'event', id: 1, bytes: Number.NaN }],
  [{ kind: 'call', id: 1, call: 2, target: 'mailbox', method: 'take', args: {} }],
  [{ kind: 'log', level: 'toString', text: 'x' }],
])('refuses %j', (message) => {
  expect(() => readFromHost(message)).toThrow(TypeError);
});

test('anything at all is either passed or refused with a TypeError', () => {
  const kinds = fc.constantFrom('result', 'event', 'call', 'log', 'pong', 'fatal');
  fc.assert(
    fc.property(kinds, fc.dictionary(fc.string(), fc.jsonValue()), (kind, fields) => {
      try {
        readFromHost({ ...fields, kind });
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
      }
    }),
  );
});
