import { expect, test } from 'vitest';
import { isTransient, isUnavailable, isUniqueViolation, toStoreError } from './sql-errors.ts';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

test.each(['ECONNREFUSED', '08006', '53100', '57P01', '57P03', '25006'])('%s means away for now', (code) => {
  expect(isUnavailable(withCode(code))).toBe(true);
});
test.each(['23505', '42P01', '57014', '40001', 'ENOENT'])('%s does not', (code) => {
  expect(isUnavailable(withCode(code))).toBe(false);
});
test('errors of the driver without a code, and several attempts in one', () => {
  expect(isUnavailable(new Error('Connection terminated unexpectedly'))).toBe(true);
  expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]))).toBe(true);
  expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED'), withCode('42P01')]))).toBe(false);
  expect(isUnavailable('text')).toBe(false);
});
test('deadlocks can be repeated, duplicates are told apart', () => {
  expect(isTransient(withCode('40P01'))).toBe(true);
  expect(isTransient(withCode('23505'))).toBe(false);
  expect(isUniqueViolation(withCode('23505'))).toBe(true);
});
test('what cannot be kept is the request’s fault, and what is away is not', () => {
  for (const code of ['22021', '22P05'])
    expect(toStoreError(withCode(code))).toMatchObject({ code: 'INVALID_REQUEST', status: 400 });
  expect(toStoreError(withCode('57P01'))).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
  const other = withCode('42P01');
  expect(toStoreError(other)).toBe(other);
});
