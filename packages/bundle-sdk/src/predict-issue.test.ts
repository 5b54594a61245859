import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeInputIssue } from './predict-issue.ts';
import { file } from './predictor.ts';

const input = z.object({
  either: z.union([z.number(), z.boolean()]).optional(),
  mode: z.union([z.literal('fast'), z.number()]).optional(),
  source: z.union([file(), z.array(z.string())]).optional(),
  nested: z.union([z.object({ at: z.number() }), z.null()]).optional(),
  whole: z.int().optional(),
  kind: z.discriminatedUnion('type', [z.object({ type: z.literal('a') })]).optional(),
});

const sentence = (given: Record<string, unknown>, secrets: readonly string[] = []): string => {
  const [issue] = input.safeParse(given).error?.issues ?? [];
  if (issue === undefined) throw new Error('it fits');
  return describeInputIssue(issue, given, { secrets: new Set(secrets), integers: new Set(['whole']) });
};

test.each([
  [{ either: 'x' }, "failed to normalize value 'x' as float | bool"],
  [{ mode: 'slow' }, "failed to normalize value 'slow' as one of ['fast'] | float"],
  [{ source: 3 }, 'failed to normalize value 3 as Path | list'],
  [{ nested: { at: 'x' } }, "failed to normalize value {'at': 'x'} as dict | null"],
])('%j is none of several types, which are named', (given, words) => {
  expect(sentence(given)).toBe(words);
});

test('what is no whole number is told as that', () => {
  expect(sentence({ whole: 'x' })).toBe("failed to normalize value 'x' as int");
});

test('a secret among them is asterisks', () => {
  expect(sentence({ either: 'hunter22' }, ['either'])).toBe(
    'failed to normalize value ********** as float | bool',
  );
});

test('what is none of several objects is told in the words of the schema', () => {
  expect(sentence({ kind: { type: 'b' } })).toContain('invalid input value: kind=');
});
