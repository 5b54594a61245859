import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { postgresTest } from '@switchyard/testkit';
import { createDocuments } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import { describe, expect } from 'vitest';
import { createDocumentsCapability, DOCS_COLLECTION } from './documents-capability.ts';
import type { FoundPassage } from './documents-capability.ts';
import { createCapabilities } from './create-capabilities.ts';
import { indexMarkdownFolder } from './index-documents.ts';

const FIXTURE = path.join(import.meta.dirname, '../test/docs');
const scope = { tenant: 't', project: 'p' };

const test = postgresTest.extend<{ docs: string }>({
  docs: async ({ task: _task }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-docs-'));
    await cp(FIXTURE, dir, { recursive: true });
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
});

const partsOf = (sql: Sql) => ({ sql, documents: createDocuments(sql, scope), scope });

async function search(sql: Sql, query: string, limit = 5): Promise<FoundPassage[]> {
  const capabilities = createCapabilities([createDocumentsCapability(createDocuments(sql, scope))]);
  const caller = {
    bundleId: 'b',
    versionId: 'v',
    user: { userId: 'u', userType: 'registered' as const },
    signal: new AbortController().signal,
  };
  return (await capabilities.call(caller, ['documents'], {
    target: 'documents',
    method: 'search',
    args: [query, { limit }],
  })) as FoundPassage[];
}

test('writes what is new, then only what changed, and forgets what is gone', async ({ postgres, docs }) => {
  const parts = partsOf(postgres.sql);
  expect(await indexMarkdownFolder(parts, docs, DOCS_COLLECTION)).toEqual({
    found: 4,
    written: 4,
    removed: 0,
    skipped: [],
  });
  expect(await indexMarkdownFolder(parts, docs, DOCS_COLLECTION)).toEqual({
    found: 4,
    written: 0,
    removed: 0,
    skipped: [],
  });
  await writeFile(path.join(docs, 'explanation/queue.md'), '# The queue\n\n## Zebras\n\nStriped.\n');
  await rm(path.join(docs, 'README.md'));
  await writeFile(path.join(docs, 'notes.txt'), 'no markdown');
  expect(await indexMarkdownFolder(parts, docs, DOCS_COLLECTION)).toEqual({
    found: 3,
    written: 1,
    removed: 1,
    skipped: [],
  });
  expect((await search(postgres.sql, 'zebras')).map((one) => one.heading)).toEqual(['Zebras']);
  expect(await search(postgres.sql, 'leases')).toEqual([]);
});

test('an empty or missing folder forgets nothing', async ({ postgres, docs }) => {
  const parts = partsOf(postgres.sql);
  await indexMarkdownFolder(parts, docs, DOCS_COLLECTION);
  expect(await indexMarkdownFolder(parts, path.join(docs, 'missing'), DOCS_COLLECTION)).toMatchObject({
    found: 0,
    removed: 0,
  });
  expect(await search(postgres.sql, 'leases')).not.toEqual([]);
});

test('three processes at once write everything once', async ({ postgres, docs }) => {
  const reports = await Promise.all(
    [1, 2, 3].map(() => indexMarkdownFolder(partsOf(postgres.sql), docs, DOCS_COLLECTION)),
  );
  expect(reports.map((report) => report.written).toSorted((a, b) => a - b)).toEqual([0, 0, 4]);
});

describe('the first hit is the place a reader would open', () => {
  const cases: [question: string, path: string, heading: string][] = [
    ['What is a lane?', 'explanation/queue.md', 'Lanes'],
    ['lanes', 'explanation/queue.md', 'Lanes'],
    ['what happens if a worker died', 'explanation/queue.md', 'When a worker dies'],
    ['How long is a lease?', 'explanation/queue.md', 'Leases'],
    ['How many messages may anonymous users send?', 'explanation/queue.md', 'Rate limits'],
    ['installing', 'tutorials/getting-started.md', 'Install'],
    ['how can I stop everything', 'tutorials/getting-started.md', 'Stop the stack'],
    ['admin sign-in link', 'tutorials/getting-started.md', 'Sign in'],
    ['access token for scripts', 'tutorials/getting-started.md', 'Sign in'],
    ['memory limit of a bundle', 'how-to/write-a-bundle.md', 'Limits'],
    ['What happens when a new version fails to load?', 'how-to/write-a-bundle.md', 'Register it'],
    ['smallest bundle', 'how-to/write-a-bundle.md', 'The smallest bundle'],
  ];
  test('of the fixture', async ({ postgres, docs }) => {
    await indexMarkdownFolder(partsOf(postgres.sql), docs, DOCS_COLLECTION);
    for (const [question, file, heading] of cases) {
      const [first] = await search(postgres.sql, question);
      expect({ question, path: first?.path, heading: first?.heading }).toEqual({
        question,
        path: file,
        heading,
      });
    }
    expect(await search(postgres.sql, 'xylophone quartet')).toEqual([]);
    expect(await search(postgres.sql, '')).toEqual([]);
    for (const odd of [
      "'; drop table passage; --",
      'a & | ! ( b',
      '\\',
      '"unclosed',
      '<b>',
      '-lane',
      '🚀',
      'x'.repeat(2000),
    ])
      await search(postgres.sql, odd);
  });
});
