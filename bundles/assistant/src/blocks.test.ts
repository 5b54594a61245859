import { expect, test } from 'vitest';
import { sentencesOf, splitBlocks, transplant } from './blocks.ts';
import { chunksOf } from './chunks.ts';
import { excerptOf, leadSentence, withoutLead } from './excerpt.ts';
import { termsOf } from './words.ts';

const CODE = '```ts\nconst a = 1;\n\n- not a list\n```';

test('a code block with blank lines inside is one block', () => {
  expect(
    splitBlocks(`Before.\n\n${CODE}\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |`).map(
      (block) => block.kind,
    ),
  ).toEqual(['prose', 'code', 'list', 'table']);
  expect(splitBlocks(`text\n${CODE}`)[1]?.text).toBe(CODE);
});

test('an open fence is closed', () => {
  expect(splitBlocks('```\nabc')).toEqual([{ kind: 'code', text: '```\nabc\n```' }]);
});

test('transplanted text leads nowhere it should not and shows no pictures', () => {
  const one = transplant({
    kind: 'prose',
    text: 'See [the page](../a.md), [web](https://x.test) ![pic](p.png) as in [2] `a[1]`<!-- hidden -->.',
  });
  expect(one.text).toBe('See the page, [web](https://x.test) pic as in \\[2\\] `a[1]`.');
  expect(transplant({ kind: 'code', text: CODE }).text).toBe(CODE);
});

test('sentences end where a reader would say so', () => {
  expect(sentencesOf('Use node.js 26. It is new! (Really?) Yes, e.g. this.')).toEqual([
    'Use node.js 26.',
    'It is new!',
    '(Really?)',
    'Yes, e.g. this.',
  ]);
});

test('the lead is the sentence with most of the words that the heading does not say, else the first', () => {
  const text =
    'Every user type has one lane of work. A lane is the ready queue of a user type.\n\nThe following lanes are queues:';
  expect(leadSentence({ heading: '', text }, termsOf('what queue is a lane'))).toBe(
    'A lane is the ready queue of a user type.',
  );
  expect(leadSentence({ heading: '', text }, termsOf('lane'))).toBe('Every user type has one lane of work.');
  expect(leadSentence({ heading: 'Lanes and queues', text }, termsOf('lane queue'))).toBe(
    'Every user type has one lane of work.',
  );
  expect(leadSentence({ heading: '', text: CODE }, termsOf('const'))).toBeUndefined();
});

test('a definition that was asked for comes first', () => {
  const text =
    'Every user type has one lane of work. A lane is the ready queue of a user type. The lane of paid users is short.';
  expect(leadSentence({ heading: 'Lanes', text }, termsOf('lane'), true)).toBe(
    'A lane is the ready queue of a user type.',
  );
});

test('an excerpt keeps code whole and takes in what is around the hit', () => {
  const long = 'word '.repeat(300).trim();
  const blocks = excerptOf(`${long}\n\nRun this command:\n\n${CODE}\n\n${long}`, termsOf('command'));
  expect(blocks.map((block) => block.text)).toEqual(['Run this command:', CODE]);
  expect(excerptOf(long, termsOf('word'))[0]?.text.length).toBeLessThanOrEqual(902);
});

test('the lead is left out of its quotation only at an edge', () => {
  const block = { kind: 'prose' as const, text: 'One is here. Two is there. Three is gone.' };
  expect(withoutLead([block], 'One is here.')).toEqual([
    { kind: 'prose', text: 'Two is there. Three is gone.' },
  ]);
  expect(withoutLead([block], 'Two is there.')).toEqual([block]);
  expect(withoutLead([{ kind: 'prose', text: 'Alone.' }], 'Alone.')).toEqual([]);
});

test('chunks join to the text again; code goes line by line', () => {
  const text = `A  few\twords,\n\nand 😀 code:\n\n${CODE}\n\nend ${'x'.repeat(399)}😀${'y'.repeat(900)}\n`;
  const chunks = chunksOf(text);
  expect(chunks.join('')).toBe(text);
  expect(chunks).toContain('const a = 1;\n');
  expect(chunks.every((chunk) => chunk.isWellFormed())).toBe(true);
  expect(chunksOf('')).toEqual([]);
});
