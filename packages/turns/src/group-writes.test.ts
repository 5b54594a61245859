import { expect, test } from 'vitest';
import { createGroupWrites } from './group-writes.ts';

/** A store that answers when it is told to. */
function manual(before?: () => Promise<unknown> | undefined) {
  const calls: { inputs: readonly string[]; settle: (error?: Error) => void }[] = [];
  const write = createGroupWrites<string, string>({
    maxSize: 3,
    ...(before === undefined ? {} : { before }),
    keyOf: (input) => input.split(':')[0] ?? '',
    run: (inputs) =>
      new Promise((resolve, reject) => {
        calls.push({
          inputs,
          settle: (error) =>
            error === undefined ? resolve(inputs.map((input) => `ok ${input}`)) : reject(error),
        });
      }),
  });
  return { calls, write };
}

test('the first goes at once; what comes meanwhile goes together, in one order, at most so many', async () => {
  const { calls, write } = manual();
  const all = ['d', 'c', 'a', 'b', 'e'].map((input) => write(input));
  expect(calls.map((call) => call.inputs)).toEqual([['d']]);
  calls[0]?.settle();
  expect(await all[0]).toBe('ok d');
  await expect.poll(() => calls[1]?.inputs).toEqual(['a', 'b', 'c']);
  calls[1]?.settle();
  expect(await all[1]).toBe('ok c');
  await expect.poll(() => calls[2]?.inputs).toEqual(['e']);
  calls[2]?.settle();
  await Promise.all(all);
});

test('two of the same key never share a statement', async () => {
  const { calls, write } = manual();
  const all = ['x', 'k:1', 'k:2'].map((input) => write(input));
  for (const at of [0, 1, 2]) {
    await expect.poll(() => calls.length).toBe(at + 1);
    calls[at]?.settle();
  }
  await Promise.all(all);
  expect(calls.map((call) => call.inputs)).toEqual([['x'], ['k:1'], ['k:2']]);
});

test('a failed group is tried one by one, and one bad input fails alone', async () => {
  const { calls, write } = manual();
  const all = ['x', 'a', 'b'].map((input) => write(input));
  calls[0]?.settle();
  await expect.poll(() => calls.length).toBe(2);
  calls[1]?.settle(new Error('b is bad'));
  await expect.poll(() => calls.length).toBe(3);
  calls[2]?.settle();
  await expect.poll(() => calls.length).toBe(4);
  calls[3]?.settle(new Error('b is bad'));
  await expect(all[2]).rejects.toThrow('b is bad');
  expect(await Promise.all(all.slice(0, 2))).toEqual(['ok x', 'ok a']);
});

test('a group waits for what goes first, and takes along what gathers meanwhile', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { calls, write } = manual(() => promise);
  const all = [write('a')];
  await new Promise((next) => setImmediate(next));
  all.push(write('b'));
  expect(calls).toEqual([]);
  resolve();
  await expect.poll(() => calls.map((call) => call.inputs)).toEqual([['a', 'b']]);
  calls[0]?.settle();
  await Promise.all(all);
});
