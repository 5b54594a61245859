import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBundle } from '@switchyard/bundle-sdk/testing';

test('says what was said', async () => {
  await using bundle = await openBundle('./bundle.ts');
  const turn = await bundle.turn('one two three');
  assert.equal(turn.answer, 'You said: one two three');
  assert.deepEqual(turn.result['followups'], ['Say it again']);
});
