import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './exit-codes.ts';
import { splitPair, valueOf } from './read-pairs.ts';

/** The content of a file of this machine, given for a field. */
export class GivenFile {
  readonly bytes: Buffer;
  readonly type: string;

  constructor(bytes: Buffer, type: string) {
    this.bytes = bytes;
    this.type = type;
  }
}

export type GivenInput = ReadonlyMap<string, unknown>;
type Schema = Readonly<Record<string, unknown>>;

/** `name=value` as it is, `name=@file` as a GivenFile; `name:=value` is always text. Throws UsageError also for a file that is not there. */
export async function readPredictInput(pairs: readonly string[], cwd: string): Promise<GivenInput> {
  const entries = pairs.map(async (pair) => {
    const { name, text, isText } = splitPair(pair);
    if (!isText && text.startsWith('@'))
      return [name, await readGiven(path.resolve(cwd, text.slice(1)))] as const;
    return [name, isText ? text : valueOf(text)] as const;
  });
  return new Map(await Promise.all(entries));
}

/**
 * The input as a server takes it: where the schema wants a file, the content as a data URI; where it wants anything else, the text that
 * the file holds.
 *
 * @param document OpenAPI of the predictor
 */
export function toPredictInput(given: GivenInput, document: unknown): Record<string, unknown> {
  const properties = asSchema(
    asSchema(asSchema(asSchema(asSchema(document)['components'])['schemas'])['Input'])['properties'],
  );
  const entries = [...given].map(([name, value]) => {
    if (!(value instanceof GivenFile)) return [name, value] as const;
    const isFile = wantsFile(asSchema(properties[name]));
    return [name, isFile ? dataUriOf(value) : value.bytes.toString('utf8')] as const;
  });
  return Object.fromEntries(entries);
}

async function readGiven(file: string): Promise<GivenFile> {
  try {
    return new GivenFile(await readFile(file), typeOf(file));
  } catch {
    throw new UsageError(`There is no file ${file}.`);
  }
}

function dataUriOf({ bytes, type }: GivenFile): string {
  return `data:${type};base64,${bytes.toString('base64')}`;
}

/** A predictor knows the file by its extension, which the server makes of the type. */
function typeOf(file: string): string {
  const extension = path.extname(file).slice(1).toLowerCase();
  return extension === 'txt' ? 'text/plain' : `application/${extension || 'octet-stream'}`;
}

function wantsFile(schema: Schema): boolean {
  const several = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'];
  if (Array.isArray(several)) return several.some((one) => wantsFile(asSchema(one)));
  return schema['type'] === 'string' && schema['format'] === 'uri';
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}
