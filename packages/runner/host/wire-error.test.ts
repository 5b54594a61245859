import { expect, test } from 'vitest';
import { toWireError } from './wire-error.ts';

test('keeps name, message, code and the chain of causes', () => {
  const error = Object.assign(new TypeError('outer', { cause: new Error('inner') }), { code: 'E_X' });
  const wire = toWireError(error);
  expect(wire).toMatchObject({ name: 'TypeError', message: 'outer', code: 'E_X' });
  expect(wire.stack).toMatch(/TypeError: outer[^]*caused by Error: inner/);
});

test.each([
  ['a string', 'just text', 'just text'],
  ['nothing', undefined, 'undefined'],
  ['an object that cannot be shown', Object.create(null), 'an error that cannot be read'],
])('takes %s', (_name, thrown, message) => {
  expect(toWireError(thrown)).toMatchObject({ message });
});

test('is bounded and survives hostile getters', () => {
  expect(toWireError(new Error('x'.repeat(1e6))).message.length).toBeLessThan(10_000);
  const hostile = new Error('x');
  Object.defineProperty(hostile, 'message', {
    get: () => {
      throw new Error('no');
    },
  });
  expect(toWireError(hostile).message).toBe('an error that cannot be read');
});
