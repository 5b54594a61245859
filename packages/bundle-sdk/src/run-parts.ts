import { z } from 'zod';
import type {
  ChannelInvocation,
  ChannelName,
  JobInvocation,
  OperationInvocation,
  OperationResult,
  ScheduleInvocation,
} from '@switchyard/protocol';
import { InvalidInputError } from './bundle-runtime.ts';
import type { HostPort } from './bundle-runtime.ts';
import { createContext, createNotifier } from './create-context.ts';
import type { Loaded } from './loaded.ts';
import { toWireResponse } from './wire-fetch.ts';

export async function runOperation(
  loaded: Loaded,
  name: string,
  payload: OperationInvocation,
  port: HostPort,
): Promise<OperationResult> {
  return answer(loaded, find(loaded, 'operation', loaded.definition.operations, name), name, payload, port);
}

/** Its own tools first, then operations that say `tool: true`. */
export async function runTool(
  loaded: Loaded,
  name: string,
  payload: OperationInvocation,
  port: HostPort,
): Promise<OperationResult> {
  const { mcp, operations = {} } = loaded.definition;
  const offered = Object.entries(operations).filter(([, { definition }]) => definition.tool === true);
  const tools = { ...Object.fromEntries(offered), ...mcp?.tools };
  return answer(loaded, find(loaded, 'tool', tools, name), name, payload, port);
}

interface Answering {
  readonly definition: { readonly input?: z.ZodType; readonly output?: z.ZodType };
  readonly run: (ctx: unknown, input: unknown) => unknown;
}

async function answer(
  loaded: Loaded,
  { definition, run }: Answering,
  name: string,
  payload: OperationInvocation,
  port: HostPort,
): Promise<OperationResult> {
  const input = await readInput(definition.input, payload.input);
  const { user, conversation_id } = payload;
  const ctx = createContext(loaded, port, {
    ...createNotifier(port),
    user,
    ...(conversation_id === undefined ? {} : { conversation_id }),
  });
  const output = await run(ctx, input);
  if (output instanceof Response) return { response: toWireResponse(output) };
  if (definition.output === undefined) return { output };
  const checked = await definition.output.safeParseAsync(output);
  if (!checked.success)
    throw new Error(
      `operation "${name}" returned what its output schema refuses: ${z.prettifyError(checked.error)}`,
    );
  return { output: checked.data };
}

export async function runSchedule(
  loaded: Loaded,
  name: string,
  payload: ScheduleInvocation,
  port: HostPort,
): Promise<void> {
  const found = find(loaded, 'schedule', loaded.definition.schedules, name);
  await found.run(createContext(loaded, port, { ...createNotifier(port), tick: payload.tick }));
}

export async function runJob(
  loaded: Loaded,
  name: string,
  payload: JobInvocation,
  port: HostPort,
): Promise<unknown> {
  const found = find(loaded, 'job', loaded.definition.jobs, name);
  const { data: given, ...facts } = payload;
  const data = await readInput(found.definition.data, given);
  return found.run(createContext(loaded, port, { ...createNotifier(port), ...facts }), data);
}

export async function runChannel(
  loaded: Loaded,
  name: string,
  { message }: ChannelInvocation,
  port: HostPort,
): Promise<void> {
  const found = find(loaded, 'channel', loaded.definition.channels, name as ChannelName);
  const run = typeof found === 'function' ? found : found.run;
  // An answer that its author did not await is still an answer: the invocation must not end before its bytes are out.
  const answers: Promise<unknown>[] = [];
  const call: HostPort['call'] = (target, method, args) => {
    const called = port.call(target, method, args);
    if (target === 'web' && method === 'respond') answers.push(called);
    return called;
  };
  await run(message, createContext(loaded, { ...port, call }, {}));
  await Promise.allSettled(answers);
}

async function readInput(schema: z.ZodType | undefined, given: unknown): Promise<unknown> {
  const input = schema === undefined ? undefined : await schema.safeParseAsync(given);
  if (input === undefined) return given;
  if (input.success) return input.data;
  throw new InvalidInputError(
    input.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  );
}

/** Own properties only: a caller chooses the name. */
function find<T>(
  { definition }: Loaded,
  what: string,
  parts: { readonly [name: string]: T } | undefined,
  name: string,
): NonNullable<T> {
  const found = Object.hasOwn(parts ?? {}, name) ? parts?.[name] : undefined;
  if (found === undefined || found === null)
    throw new Error(`bundle "${definition.id}" has no ${what} "${name}"`);
  return found;
}
