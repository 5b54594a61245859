import { openBundle } from '@switchyard/bundle-sdk/testing';
import { expect, test } from 'vitest';
import { FIXTURE_PASSAGES } from './src/fixture-passages.ts';

test('answers from the documents that it finds, and names them', async () => {
  await using bundle = await openBundle('./bundle.ts');
  bundle.platform.documents.push(...FIXTURE_PASSAGES);
  const turn = await bundle.turn('What is a lane?');
  expect(turn.answer).toContain('ready queue');
  expect(turn.citations).toMatchObject([{ id: 1 }]);
  expect(turn.steps.at(-1)).toMatchObject({ name: 'search', status: 'completed' });
  expect(bundle.platform.calls.filter(({ target }) => target === 'documents')).toHaveLength(1);
});

test('a followup is folded into the running answer', async () => {
  await using bundle = await openBundle('./bundle.ts');
  bundle.platform.documents.push(...FIXTURE_PASSAGES);
  const message = 'What happens when a worker dies?';
  const waiting = { kind: 'followup' as const, turn_id: 't2', message, events: [], attachments: [] };
  const turn = await bundle.turn('What is a lane?', { continuations: [waiting] });
  expect(turn.answer).toContain(`### ${message}`);
});
