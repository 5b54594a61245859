import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBundle } from '@switchyard/bundle-sdk/testing';

test('greets by name, with the word of the settings', async () => {
  await using bundle = await openBundle('./bundle.ts', { props: { greeting: 'Good day' } });
  assert.deepEqual(await bundle.operation('greet', { name: 'Ada' }), { text: 'Good day, Ada!' });
});

test('counts words, and refuses what is no text', async () => {
  await using bundle = await openBundle('./bundle.ts');
  assert.deepEqual(await bundle.operation('count', { text: 'one two  three' }), { words: 3 });
  await assert.rejects(bundle.operation('count', { text: 3 }));
});
