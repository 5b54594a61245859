import { expect, test } from 'vitest';
import { z } from 'zod';
import { fitProps } from './fit-props.ts';

const schema = z.object({
  greeting: z.string().max(10).default('Hi'),
  times: z.number().int().min(1).default(1),
});
const manifest = {
  props: z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>,
  propDefaults: schema.parse({}),
};

test('what fits is applied, the rest is named with its reason', () => {
  expect(fitProps({ greeting: 'Yo', times: 2 }, manifest)).toEqual({
    applied: { greeting: 'Yo', times: 2 },
    notApplied: [],
    problems: [],
  });
  const mixed = fitProps({ greeting: 'far too long for it', times: 3, colour: 'red' }, manifest);
  expect(mixed.applied).toEqual({ times: 3 });
  expect(mixed.notApplied).toEqual(['colour', 'greeting']);
  expect(mixed.problems.find(({ name }) => name === 'greeting')?.message).toMatch(/^greeting: /u);
  expect(fitProps({ times: 0 }, manifest).applied).toEqual({});
});

test('a version without props takes none', () => {
  expect(fitProps({ greeting: 'Yo' }, {})).toMatchObject({ applied: {}, notApplied: ['greeting'] });
});
