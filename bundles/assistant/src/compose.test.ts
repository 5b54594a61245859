import { expect, test } from 'vitest';
import { composeAnswer } from './compose.ts';
import { FIXTURE_PASSAGES } from './fixture-passages.ts';
import { understand } from './question.ts';
import { directAnswer } from './small-talk.ts';

const answer = (message: string, first = 1) =>
  composeAnswer(understand(message, []), FIXTURE_PASSAGES, first);

test('opens with the sentence that answers, quotes its place, cites it', () => {
  const { markdown, citations } = answer('What is a lane?');
  expect(markdown).toMatch(/^(?:Every user type has one lane|A lane is the ready queue)[^\n]*\. \[1\]/u);
  expect(markdown).toContain('**The queue › Lanes** [1]');
  expect(citations[0]).toMatchObject({
    id: 1,
    title: 'The queue › Lanes',
    path: 'explanation/queue.md',
    anchor: 'lanes',
  });
  expect(citations[0]?.quote.length).toBeGreaterThan(10);
});

test('every number in the text has its citation and the other way round', () => {
  for (const message of ['What is a lane?', 'worker dies', 'restart workers', 'start the stack']) {
    const { markdown, citations } = answer(message, 4);
    const cited = new Set([...markdown.matchAll(/(?<!\\)\[(\d+)\]/gu)].map((match) => Number(match[1])));
    expect(cited).toEqual(new Set(citations.map((citation) => citation.id)));
    expect(citations[0]?.id).toBe(4);
  }
});

test('code is shown whole and outside the quotation', () => {
  expect(answer('How do I start the stack?').markdown).toContain(
    '```sh\n./dev up\n\n# in the background\n./dev up --detach\n```',
  );
});

test('says so when the documentation is silent', () => {
  const { markdown, citations, readCount } = answer('What is the capital of France?');
  expect(markdown).toContain('I found nothing on that in the documentation.');
  expect(markdown).toContain('“capital”, “france”');
  expect(citations).toEqual([]);
  expect(readCount).toBe(0);
});

test('greetings and questions about itself are answered directly and say that it is offline', () => {
  expect(directAnswer('greeting', 'Ada')?.markdown).toContain('Hello, Ada!');
  for (const kind of ['greeting', 'about'] as const)
    expect(directAnswer(kind, undefined)?.markdown).toContain('offline mode');
  expect(directAnswer('question', undefined)).toBeUndefined();
});
