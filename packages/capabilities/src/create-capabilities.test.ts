import { expect, test } from 'vitest';
import type { PassageHit } from '@switchyard/store';
import { createCapabilities } from './create-capabilities.ts';
import type { CapabilityCaller } from './capability.ts';
import { createDocumentsCapability } from './documents-capability.ts';

const caller: CapabilityCaller = {
  bundleId: 'assistant',
  versionId: 'assistant__x__1',
  user: { userId: 'u1', userType: 'registered' },
  signal: new AbortController().signal,
};

const hit: PassageHit = {
  collection: 'docs',
  path: 'a.md',
  title: 'A',
  ordinal: 1,
  heading: 'H',
  anchor: 'h',
  text: 'T',
  score: 1,
  coverage: 1,
  headline: '**T**',
};

function create() {
  const asked: unknown[][] = [];
  const documents = { search: async (...args: unknown[]) => (asked.push(args), [hit]) };
  return { asked, capabilities: createCapabilities([createDocumentsCapability(documents)]) };
}
const search = (...args: unknown[]) => ({ target: 'documents', method: 'search', args });

test('searches for a bundle that asked for documents', async () => {
  const { asked, capabilities } = create();
  expect(await capabilities.call(caller, ['documents'], search('lanes', { limit: 3 }))).toEqual([
    { title: 'A', path: 'a.md', heading: 'H', anchor: 'h', text: 'T', score: 1, headline: '**T**' },
  ]);
  await capabilities.call(caller, ['documents'], search('lanes'));
  await capabilities.call(caller, ['documents'], search('lanes', { collection: 'laws' }));
  expect(asked).toEqual([
    [['docs', 'added'], 'lanes', 3],
    [['docs', 'added'], 'lanes', 10],
    [['laws'], 'lanes', 10],
  ]);
});

test('only what is known to read counts as without side effects', () => {
  const { capabilities } = create();
  expect(capabilities.hasSideEffects(search())).toBe(false);
  expect(capabilities.hasSideEffects({ target: 'documents', method: 'upsert' })).toBe(true);
  expect(capabilities.hasSideEffects({ target: 'nobody', method: 'search' })).toBe(true);
});

test.each([
  [[], search('lanes')],
  [['documents'], { target: 'secrets', method: 'get', args: ['x'] }],
  [['documents', 'secrets'], { target: 'secrets', method: 'get', args: ['x'] }],
  [['documents'], { target: 'documents', method: 'upsert', args: [] }],
  [['documents'], { target: 'documents', method: 'constructor', args: [] }],
  [['__proto__'], { target: '__proto__', method: 'toString', args: [] }],
])('granted %j, the call %j is denied', async (granted, call) => {
  const { asked, capabilities } = create();
  await expect(capabilities.call(caller, granted, call)).rejects.toMatchObject({ code: 'CAPABILITY_DENIED' });
  expect(asked).toEqual([]);
});

test.each([
  [[]],
  [[1]],
  [['x', { limit: 0 }]],
  [['x', { limit: 1000 }]],
  [['x', { collection: '' }]],
  [['x', {}, 'more']],
  [['x'.repeat(3000)]],
  [[{ $ne: 1 }]],
])('arguments %j are refused', async (args) => {
  const { asked, capabilities } = create();
  await expect(capabilities.call(caller, ['documents'], search(...args))).rejects.toMatchObject({
    code: 'INVALID_REQUEST',
  });
  expect(asked).toEqual([]);
});
