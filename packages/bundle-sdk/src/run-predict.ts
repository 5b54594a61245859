import { writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { PredictInvocation, PredictOutcome } from '@switchyard/protocol';
import { z } from 'zod';
import type { HostPort } from './bundle-runtime.ts';
import type { JsonObject } from './contexts.ts';
import { createContext } from './create-context.ts';
import { isIterator } from './describe-predictor.ts';
import { describeInputIssue } from './predict-issue.ts';
import { withPredictLog } from './predict-log.ts';
import { createPredictMetrics } from './predict-metrics.ts';
import type { AnyPredictor } from './predictor-definition.ts';
import { PredictorFile } from './predictor-values.ts';
import type { Loaded } from './loaded.ts';

type Run = (loaded: Loaded, name: string, payload: never, port: HostPort) => Promise<PredictOutcome>;

/** Answers `setup`, `check` and `predict`. Setup is once per process: whoever comes first runs it, the others wait for it. */
export function createPredictRun(): Run {
  let setup: Promise<unknown> | undefined;
  return async (loaded, name, payload: PredictInvocation, port) => {
    const { predict, id } = loaded.definition;
    if (predict === undefined) throw new Error(`bundle "${id}" has no predictor`);
    const { definition } = predict;
    const log = createLineSink(port);
    const ready = () => (setup ??= Promise.resolve(definition.setup?.({ signal: port.signal })));
    const outcome = await withPredictLog(log.write, async (): Promise<PredictOutcome> => {
      try {
        const state = await ready();
        if (name === 'setup') return { status: 'succeeded' };
        if (name === 'check')
          return { status: 'succeeded', output: (await definition.healthcheck?.(state)) ?? true };
        return await answer(definition, state, loaded, payload, port);
      } catch (error) {
        if (port.signal.aborted) return { status: 'canceled' };
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
        return { status: 'failed', error: error instanceof Error ? error.message : String(error) };
      }
    });
    // Every line is on its way before the end is: nobody is told a result without its log.
    await log.flushed();
    return outcome;
  };
}

function createLineSink(port: HostPort) {
  let last: Promise<void> = Promise.resolve();
  return {
    write: (text: string) => {
      // A prediction that was canceled has no log any more; its code may still print.
      last = port.emit({ kind: 'event', type: 'predict.log', data: { text } }).catch(() => undefined);
    },
    flushed: () => last,
  };
}

class InvalidInput extends Error {}

async function answer(
  definition: AnyPredictor,
  state: unknown,
  loaded: Loaded,
  payload: PredictInvocation,
  port: HostPort,
): Promise<PredictOutcome> {
  let input: unknown;
  try {
    input = await readInput(definition, payload, port);
  } catch (error) {
    // The client's mistake: its sentence is all there is to say.
    if (error instanceof InvalidInput) return { status: 'failed', error: error.message };
    throw error;
  }
  const emit = (type: string, data: JsonObject) => port.emit({ kind: 'event', type, data });
  const ctx = createContext(loaded, port, {
    id: payload.id,
    setup: state,
    context: payload.context,
    metric: createPredictMetrics(
      (name, value) => void emit('predict.metric', { name, value }).catch(() => undefined),
    ),
  });
  const value = await definition.predict(input, ctx);
  if (!isIterator(definition.output)) {
    const output = await sendable(check(definition.output, value), port);
    return { status: 'succeeded', ...output };
  }
  for await (const one of value as AsyncIterable<unknown>) {
    if (port.signal.aborted) return { status: 'canceled' };
    await emit('predict.output', await sendable(check(definition.output.element, one), port));
  }
  return { status: 'succeeded', iterates: true };
}

async function readInput(
  definition: AnyPredictor,
  payload: PredictInvocation,
  port: HostPort,
): Promise<unknown> {
  const names = Object.keys(definition.input.shape);
  for (const name of Object.keys(payload.input)) {
    if (!names.includes(name)) process.stdout.write(`WARNING unknown input field ignored: ${name}\n`);
  }
  const given = payload.files.reduce<unknown>(
    (input, { pointer, name, content }, at) => replaceAt(input, pointer, keep(port, at, name, content)),
    payload.input,
  );
  const parsed = await definition.input.safeParseAsync(given);
  if (parsed.success) return parsed.data;
  const schemaOf = (name: string) => jsonSchemaOf(definition.input.shape[name]);
  const secrets = new Set(names.filter((name) => hasSecret(schemaOf(name))));
  const integers = new Set(names.filter((name) => schemaOf(name)['type'] === 'integer'));
  // In the order of the fields, whatever order the schema looked at them in.
  const [issue] = parsed.error.issues.toSorted((one, other) => orderOf(names, one) - orderOf(names, other));
  if (issue === undefined) throw new InvalidInput('the input does not fit');
  throw new InvalidInput(describeInputIssue(issue, given, { secrets, integers }));
}

function orderOf(names: readonly string[], issue: z.core.$ZodIssue): number {
  return names.indexOf(String(issue.path[0]));
}

function jsonSchemaOf(schema: unknown): JsonObject {
  return schema instanceof z.ZodType
    ? { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) }
    : {};
}

/** The field is one, or has one in it: a secret may be optional, have a default, or be a part of a list or an object. */
function hasSecret(schema: JsonObject): boolean {
  return JSON.stringify(schema).includes('"x-cog-secret":true');
}

function keep(port: HostPort, at: number, name: string, content: Uint8Array): PredictorFile {
  const dir = path.join(port.scratchDir(), 'inputs', String(at));
  mkdirSync(dir, { recursive: true });
  const target = path.join(dir, path.basename(name));
  writeFileSync(target, content);
  return new PredictorFile(target, name);
}

function check(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new TypeError(`predict returned what its output schema refuses: ${z.prettifyError(parsed.error)}`);
}

/** The value with its files told beside it: what stands at their places is nothing that a text could imitate. */
async function sendable(value: unknown, port: HostPort): Promise<{ output: unknown; files: string[] }> {
  const files: [string, PredictorFile][] = [];
  const output = withoutFiles(value, '', files);
  for (const [, { name, path: file }] of files)
    await port.emit({ kind: 'file', filename: name, mime: 'application/octet-stream', path: file });
  return { output: output ?? null, files: files.map(([pointer]) => pointer) };
}

function withoutFiles(value: unknown, pointer: string, files: [string, PredictorFile][]): unknown {
  if (value instanceof PredictorFile) {
    files.push([pointer, value]);
    return null;
  }
  if (Array.isArray(value)) return value.map((one, at) => withoutFiles(one, `${pointer}/${at}`, files));
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  const entries = Object.entries(value).map(([name, one]) => {
    const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return [name, withoutFiles(one, at, files)];
  });
  return Object.fromEntries(entries) as unknown;
}

function replaceAt(root: unknown, pointer: string, value: unknown): unknown {
  if (pointer === '') return value;
  const [, first = '', ...rest] = pointer.split('/');
  const key = first.replaceAll('~1', '/').replaceAll('~0', '~');
  const below = rest.length === 0 ? '' : `/${rest.join('/')}`;
  if (Array.isArray(root))
    return (root as unknown[]).map((one, at) => (String(at) === key ? replaceAt(one, below, value) : one));
  const entries = Object.entries(root as object).map(([name, one]) => [
    name,
    name === key ? replaceAt(one, below, value) : (one as unknown),
  ]);
  return Object.fromEntries(entries) as unknown;
}
