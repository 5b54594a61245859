import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { SCOPE } from '../test/add-turn.ts';
import { createDocuments } from './documents.ts';
import type { Passage } from './documents.ts';
import type { Sql } from './sql.ts';

const GUIDE: Record<string, Passage[]> = {
  'queue.md': [
    {
      heading: 'Leases',
      anchor: 'leases',
      text: 'A lease is renewed every second. A worker that loses its lease aborts the turn.',
    },
    {
      heading: 'Lanes',
      anchor: 'lanes',
      text: 'Every user type has a lane. No lane starves another lane of the system.',
    },
  ],
  'install.md': [
    {
      heading: 'Ports',
      anchor: 'ports',
      text: 'The address is printed. Change the port with --port when the port is taken.',
    },
    {
      heading: 'Data',
      anchor: 'data',
      text: 'Data of the system is kept in a folder; a backup copies the folder.',
    },
  ],
  'bundles.md': [
    {
      heading: 'Reloading',
      anchor: 'reload',
      text: 'Saving a watched folder reloads the bundle. Running turns end on the old version.',
    },
    {
      heading: 'Hosts',
      anchor: 'hosts',
      text: 'A host is a process of the system that holds one version of a bundle.',
    },
  ],
};

async function setUp(sql: Sql) {
  const documents = createDocuments(sql, SCOPE);
  for (const [path, passages] of Object.entries(GUIDE)) {
    await documents.upsert({ collection: 'docs', path, title: `Guide to ${path}`, sha256: path, passages });
  }
  return { documents, ask: (question: string) => documents.search(['docs'], question, 5) };
}

postgresTest(
  'a question in plain words finds the passage that answers it, first',
  async ({ postgres: { sql } }) => {
    const { ask } = await setUp(sql);
    const first = async (question: string) => (await ask(question))[0];
    expect(await first('How do I change the port of the system?')).toMatchObject({
      path: 'install.md',
      anchor: 'ports',
    });
    expect(await first('What happens when a worker loses its lease?')).toMatchObject({
      anchor: 'leases',
      ordinal: 1,
    });
    expect(await first('reloading bundles')).toMatchObject({ anchor: 'reload' });
    expect(await first('can you tell me what a lane is')).toMatchObject({ anchor: 'lanes', coverage: 1 });
    expect(await first('relo')).toMatchObject({ anchor: 'reload' });
    expect((await first('lease'))?.headline).toContain('**lease**');
  },
);

postgresTest(
  'coverage tells an answer from a passage that shares a common word',
  async ({ postgres: { sql } }) => {
    const { ask } = await setUp(sql);
    const [best] = await ask('What is the metabolic system of penguins?');
    expect(best?.coverage ?? 0).toBeLessThan(0.5);
    expect((await ask('renewed lease'))[0]?.coverage).toBeGreaterThan(0.9);
    expect(await ask('penguins')).toEqual([]);
    expect(await ask('what is the')).toEqual([]);
    expect(await ask('')).toEqual([]);
    expect(await ask(`lease:* | ' & ! <-> ( \\ \0 "unfinished`)).toMatchObject([{ anchor: 'leases' }]);
  },
);

postgresTest(
  'the same content changes nothing; other content replaces all passages',
  async ({ postgres: { sql } }) => {
    const { documents, ask } = await setUp(sql);
    const queue = {
      collection: 'docs',
      path: 'queue.md',
      title: 'Guide to queue.md',
      passages: GUIDE['queue.md'] ?? [],
    };
    expect(await documents.upsert({ ...queue, sha256: 'queue.md' })).toBe(false);
    const passages = [{ heading: 'Fences', anchor: 'fences', text: 'A fence is a token.' }];
    expect(await documents.upsert({ ...queue, sha256: 'new', passages })).toBe(true);
    expect(await ask('lane')).toEqual([]);
    expect(await ask('fence')).toMatchObject([{ anchor: 'fences' }]);
  },
);

postgresTest(
  'collections and scopes are apart; keepOnly removes what is gone',
  async ({ postgres: { sql } }) => {
    const { documents, ask } = await setUp(sql);
    await documents.upsert({
      collection: 'notes',
      path: 'a',
      title: 'A',
      sha256: '1',
      passages: [{ heading: '', anchor: '', text: 'lease' }],
    });
    expect((await ask('lease')).map((hit) => hit.collection)).toEqual(['docs']);
    expect(
      await createDocuments(sql, { tenant: 'other', project: 'main' }).search(['docs'], 'lease', 5),
    ).toEqual([]);
    expect(await documents.keepOnly('docs', ['install.md', 'bundles.md'])).toEqual(['queue.md']);
    expect(await ask('lease')).toEqual([]);
    expect((await documents.list('docs')).map((row) => row.path)).toEqual(['bundles.md', 'install.md']);
    expect(await sql.query({ text: 'select count(*) as n from passage' })).toEqual([{ n: 5 }]);
  },
);

postgresTest(
  'eight processes that index the same document at once leave one',
  async ({ postgres: { sql } }) => {
    const documents = createDocuments(sql, SCOPE);
    const passages = GUIDE['queue.md'] ?? [];
    const written = await Promise.all(
      Array.from({ length: 8 }, () =>
        documents.upsert({ collection: 'docs', path: 'q', title: 'Q', sha256: 'x', passages }),
      ),
    );
    expect(written.filter(Boolean)).toHaveLength(1);
    expect(await documents.search(['docs'], 'lease', 5)).toHaveLength(1);
  },
);
