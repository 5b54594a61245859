import { openBundle } from '@switchyard/bundle-sdk/testing';
import { expect, test } from 'vitest';
import { cardSchema } from './src/card.ts';
import type { Card } from './src/card.ts';

interface Changed {
  card: Card;
  is_conflict: boolean;
}
type Opened = Awaited<ReturnType<typeof openBundle>>;

const add = async (bundle: Opened, title: string, more: object = {}): Promise<Card> =>
  cardSchema.parse(await bundle.operation('add', { title, ...more }));
const titles = async (bundle: Opened, operation = 'board', input: object = {}): Promise<string[]> =>
  ((await bundle.operation(operation, input)) as { cards: Card[] }).cards.map(({ title }) => title);

test('cards are added, moved between others, edited, archived and found', async () => {
  await using bundle = await openBundle('./bundle.ts');
  const first = await add(bundle, 'First');
  const second = await add(bundle, 'Second', { labels: ['urgent'], assignee: 'Ada' });
  const third = await add(bundle, 'Third');
  await bundle.operation('move', { id: third.id, version: third.version, column: 'todo', before: second.id });
  expect(await titles(bundle)).toEqual(['First', 'Third', 'Second']);
  const { id, version } = first;
  const edited = (await bundle.operation('edit', {
    id,
    version,
    changes: { notes: 'with care' },
  })) as Changed;
  expect(edited.card).toMatchObject({ title: 'First', notes: 'with care' });
  await bundle.operation('archive', { id, version: edited.card.version });
  expect(await titles(bundle)).toEqual(['Third', 'Second']);
  expect(await titles(bundle, 'search', { q: 'CARE first' })).toEqual(['First']);
  expect(await titles(bundle, 'search', { q: 'urgent ada' })).toEqual(['Second']);
  const { changes } = (await bundle.operation('history', {})) as { changes: { what: string }[] };
  expect(changes.map(({ what }) => what).toSorted()).toEqual(
    ['added', 'added', 'added', 'moved', 'edited', 'archived'].toSorted(),
  );
});

test('of two changes of what both saw, one is told of the other', async () => {
  await using bundle = await openBundle('./bundle.ts');
  const { id, version } = await add(bundle, 'Card');
  const both = (await Promise.all(
    ['one', 'two'].map((title) => bundle.operation('edit', { id, version, changes: { title } })),
  )) as Changed[];
  const [won] = both.filter(({ is_conflict }) => !is_conflict);
  const [lost] = both.filter(({ is_conflict }) => is_conflict);
  expect(lost?.card).toEqual(won?.card);
  expect(await titles(bundle)).toEqual([won?.card.title]);
});

test('questions are answered, and a message can add a card', async () => {
  await using bundle = await openBundle('./bundle.ts');
  await add(bundle, 'Paint the shed', { assignee: 'Grace' });
  await add(bundle, 'Buy milk', { column: 'done' });
  expect((await bundle.turn('What is open?')).answer).toContain('**Paint the shed** — Grace');
  expect((await bundle.turn('What is open?')).answer).not.toContain('milk');
  expect((await bundle.turn('What is done?')).answer).toContain('Buy milk');
  expect((await bundle.turn('Which are mine?', { user: { username: 'Grace' } })).answer).toContain('shed');
  await bundle.turn('Add: Write the notes');
  expect(await titles(bundle)).toContain('Write the notes');
});

test('what has been done for long is archived at night, and a digest is written', async () => {
  await using bundle = await openBundle('./bundle.ts');
  const old = await add(bundle, 'Old', { column: 'done' });
  await add(bundle, 'Fresh', { column: 'done' });
  await add(bundle, 'Open');
  const long = new Date(Date.parse(old.done_at ?? '') - 15 * 24 * 3600 * 1000).toISOString();
  const { version, ...stored } = old;
  bundle.platform.kv.set(`bundle:card/${old.id}`, { value: { ...stored, done_at: long }, version });
  await bundle.schedule('tidy');
  expect((await titles(bundle)).toSorted()).toEqual(['Fresh', 'Open']);

  await bundle.operation('makeDigest', {});
  await bundle.operation('makeDigest', {});
  expect(bundle.platform.jobs).toHaveLength(1);
  await bundle.job('digest', { by: 'Ada' });
  const file = bundle.platform.storage.get('bundle:digest.md');
  expect(new TextDecoder().decode(file?.bytes)).toContain('## To do (1)');
});
