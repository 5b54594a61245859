import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createPasswordHasher } from './password-hasher.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const hasher = (peppers: readonly [Buffer, ...Buffer[]] = [OLD], limits = { atOnce: 2, queue: 10 }) =>
  createPasswordHasher({ ids: createIds(systemClock, randomBytes), peppers, ...limits });

test('a password fits its own hash and no other, and the hash says how it was made', async () => {
  const { hash, verify } = hasher();
  const [one, two] = [await hash('correct horse battery'), await hash('correct horse battery')];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(two);
  expect(await verify('correct horse battery', one)).toBe('current');
  expect(await verify('correct horse batterz', one)).toBe(false);
  expect(await verify('correct horse battery', null)).toBe(false);
  expect(await verify('', null)).toBe(false);
});

test('made like another one it has the same salt, so that the same text is found again', async () => {
  const { hash } = hasher();
  const one = await hash('first of ten');
  expect(await hash('first of ten', one)).toBe(one);
  const other = await hash('second of ten', one);
  expect(other).not.toBe(one);
  expect(other.split('$').slice(0, 5)).toEqual(one.split('$').slice(0, 5));
  await expect(hash('first of ten', 'a0b1c2')).rejects.toThrow('not a hash of ours');
});

test('the hash alone is not enough to try passwords at', async () => {
  const hash = await hasher().hash('correct horse battery');
  expect(await hasher([NEW]).verify('correct horse battery', hash)).toBe(false);
});

test('a hash of a former pepper fits, and says that it should be made anew', async () => {
  const hash = await hasher().hash('correct horse battery');
  const { verify, hash: anew } = hasher([NEW, OLD]);
  expect(await verify('correct horse battery', hash)).toBe('former');
  expect(await verify('correct horse batterz', hash)).toBe(false);
  expect(await verify('correct horse battery', null)).toBe(false);
  expect(await hasher([NEW]).verify('correct horse battery', await anew('correct horse battery'))).toBe(
    'current',
  );
});

test('the same letters are the same password, composed or not', async () => {
  const { hash, verify } = hasher();
  expect(await verify('caf\u0065\u0301 au lait', await hash('caf\u00e9 au lait'))).toBe('current');
});

test.each(['', 'x', '$2b$10$abc', '$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA'])(
  'what is no hash of ours fits nothing: %s',
  async (text) => {
    expect(await hasher().verify('correct horse battery', text)).toBe(false);
  },
);

test('of a hundred at once some run, some wait, and the others are told', async () => {
  const { verify } = hasher(undefined, { atOnce: 1, queue: 3 });
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => verify('x', null)));
  expect(outcomes.filter((each) => each.status === 'fulfilled')).toHaveLength(4);
  expect(outcomes.find((each) => each.status === 'rejected')?.reason).toMatchObject({ status: 503 });
  expect(await verify('x', null)).toBe(false);
});
