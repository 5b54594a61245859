import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBundle } from '@switchyard/bundle-sdk/testing';

void test('a bundle under the test runner of Node', async () => {
  await using bundle = await openBundle('./sample/bundle.ts');
  assert.equal((await bundle.turn('hello')).answer, 'Hello, Ada!');
  assert.deepEqual(await bundle.operation('count', { text: 'four' }), { characters: 4 });
});
