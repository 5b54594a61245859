import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** Where a Python predictor lies, and what it is called. */
export interface PythonSource {
  /** Absolute; the working folder of the process. */
  readonly dir: string;
  readonly module: string;
  /** Undefined: what the module has is looked for. */
  readonly predictor: string | undefined;
  /** Of `cog.yaml`; counts for async predictors. */
  readonly maxConcurrency: number | undefined;
}

const cogSchema = z.looseObject({
  predict: z.string().optional(),
  /** The newer name of the same. */
  run: z.string().optional(),
  concurrency: z.looseObject({ max: z.number().int().min(1).max(1000).optional() }).optional(),
});

const REFERENCE = /^([A-Za-z0-9_./-]+?)(?:\.py)?(?::([A-Za-z_]\w*))?$/u;

/** `cog.yaml` beside the predictor, or `predict.py` alone. Undefined where neither is. Rejects with a sentence for the author. */
export async function readPythonSource(dir: string): Promise<PythonSource | undefined> {
  const text = await readFile(path.join(dir, 'cog.yaml'), 'utf8').catch(() => undefined);
  if (text === undefined) {
    const isThere = await stat(path.join(dir, 'predict.py')).catch(() => undefined);
    return isThere === undefined
      ? undefined
      : { dir, module: 'predict', predictor: undefined, maxConcurrency: undefined };
  }
  const cog = cogSchema.safeParse(parse(text));
  if (!cog.success) throw new Error(`cog.yaml does not fit: ${z.prettifyError(cog.error)}`);
  const { predict, run, concurrency } = cog.data;
  const reference = predict ?? run ?? 'predict.py';
  const match = REFERENCE.exec(reference);
  if (match?.[1] === undefined)
    throw new Error(`cog.yaml: predict is "predict.py:Predictor", not ${reference}`);
  const module = match[1].replace(/^\.\//u, '').replaceAll('/', '.');
  return { dir, module, predictor: match[2], maxConcurrency: concurrency?.max };
}
