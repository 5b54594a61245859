import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleLimitsSchema, bundleManifestSchema, predictManifestSchema } from '@switchyard/protocol';
import type { BundleManifest } from '@switchyard/protocol';
import { z } from 'zod';
import { iteratesOf } from '../input-schema.ts';
import type { PredictorFacts } from '../predictor-host.ts';

/** What `package.json` says of a bundle whose predictor is in Python, all of it optional. */
const packageSchema = z.looseObject({
  description: z.string().max(2000).optional(),
  switchyard: z
    .looseObject({
      name: z.string().min(1).max(200).optional(),
      attempts: predictManifestSchema.shape.attempts,
      // How many an async predictor takes at once is for `cog.yaml` to say.
      limits: bundleLimitsSchema.pick({ memoryMb: true, instances: true }).default({}),
    })
    .optional(),
});
export type PythonPackage = z.output<typeof packageSchema>;

/** The entry of a version says what it is written in. */
export function isPythonEntry(entry: string): boolean {
  return entry === 'cog.yaml' || entry.endsWith('.py');
}

/** Rejects with a sentence for the author. */
export async function readPythonPackage(dir: string): Promise<PythonPackage> {
  const text = await readFile(path.join(dir, 'package.json'), 'utf8').catch(() => '{}');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('package.json is not valid JSON');
  }
  const read = packageSchema.safeParse(value);
  if (!read.success) throw new Error(`package.json does not fit: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** A predictor in Python as the manifest of a bundle: there is no `defineBundle` that could say it. */
export function pythonManifest(
  id: string,
  { description, switchyard }: PythonPackage,
  { schemas, maxConcurrency }: PredictorFacts,
): BundleManifest {
  return bundleManifestSchema.parse({
    v: 1,
    id,
    name: switchyard?.name ?? id,
    ...(description === undefined ? {} : { description }),
    hasTurns: false,
    predict: { schemas, iterates: iteratesOf(schemas), attempts: switchyard?.attempts ?? 1 },
    limits: { instances: 1, ...switchyard?.limits, concurrency: maxConcurrency },
  });
}
