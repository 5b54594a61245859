import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const CANDIDATES = ['predict.ts', 'bundle.ts', 'src/bundle.ts', 'predict.js', 'bundle.js'];
const manifestSchema = z.looseObject({ main: z.string().optional() });

/** The file that exports a predictor or a bundle: `main` of package.json, or one of the usual names. Undefined where there is none. */
export async function findEntry(dir: string): Promise<string | undefined> {
  const text = await readFile(path.join(dir, 'package.json'), 'utf8').catch(() => undefined);
  const main = text === undefined ? undefined : manifestSchema.safeParse(JSON.parse(text)).data?.main;
  for (const name of main === undefined ? CANDIDATES : [main]) {
    const found = await stat(path.join(dir, name)).catch(() => undefined);
    if (found?.isFile() === true) return name;
  }
  return undefined;
}
