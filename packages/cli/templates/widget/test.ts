import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBundle } from '@switchyard/bundle-sdk/testing';

test('counts, and says so in the conversation', async () => {
  await using bundle = await openBundle('./bundle.ts');
  assert.deepEqual(await bundle.operation('read', {}), { count: 0 });
  assert.deepEqual(await bundle.operation('press', {}), { count: 1 });
  assert.deepEqual(await bundle.operation('read', {}), { count: 1 });
  assert.equal((await bundle.turn('how often?')).answer, 'Pressed so far: 1.');
});
