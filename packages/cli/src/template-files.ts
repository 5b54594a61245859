import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { IGNORE_FILE } from './bundle-folder.ts';
import { UsageError } from './exit-codes.ts';

export const TEMPLATES = ['chat', 'operations', 'widget'] as const;
/** `mcp` is filled with the tools of a server, and so has a way of its own. */
export type Template = (typeof TEMPLATES)[number] | 'mcp';

const FOLDER = fileURLToPath(new URL('../templates', import.meta.url));
/** What stands in the templates for the bundle's id and its name. */
const ID = 'my-bundle';
const NAME = 'My bundle';

/** Under its own name a test runner of the repository would take the template for a test of its own. */
const RENAMED: Readonly<Record<string, string>> = { 'test.ts': 'bundle.test.ts' };

/** As strict as the SDK itself is written: its sources are checked along. */
const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['**/*.ts'],
};

/**
 * Writes a new bundle, of the template and of `more`. Throws UsageError when something is there already. Answers the files, relative and
 * sorted.
 */
export async function writeTemplate(
  template: Template,
  id: string,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  await requireNothing(folder);
  const files = new Map<string, string>();
  const name = nameOf(id);
  const source = path.join(FOLDER, template);
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const relative = path.relative(source, file);
    const text = await readFile(file, 'utf8');
    files.set(RENAMED[relative] ?? relative, text.replaceAll(ID, id).replaceAll(NAME, name));
  }
  for (const [relative, text] of Object.entries(more)) files.set(relative, text);
  const manifest = { name: id.toLowerCase(), private: true, type: 'module', switchyard: { id } };
  files.set('package.json', json(manifest));
  files.set('tsconfig.json', json(TSCONFIG));
  // A changed test is no new version.
  files.set(IGNORE_FILE, '*.test.ts\ntsconfig.json\n');
  for (const [relative, text] of files) {
    const file = path.join(folder, relative);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  }
  return [...files.keys()].toSorted();
}

/** Whether the folder holds a bundle of the template `mcp`. */
export async function isBridge(folder: string): Promise<boolean> {
  const found: readonly string[] = await readdir(folder).catch(() => []);
  return ['bundle.ts', 'server.ts', 'tool-operations.ts'].every((file) => found.includes(file));
}

/** `weather-report`: "Weather report". */
function nameOf(id: string): string {
  const words = id.replaceAll(/[-_.@]+/gu, ' ').trim();
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

async function requireNothing(folder: string): Promise<void> {
  const found = await readdir(folder).catch(() => []);
  if (found.length > 0) throw new UsageError(`${folder} is there already and not empty.`);
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
