import { z } from 'zod';
import type { BundleManifest, TurnInvocation } from '@switchyard/protocol';
import type { AnyBundleDefinition, BundleDefinition } from './bundle-definition.ts';
import { InvalidInputError, RUNTIME } from './bundle-runtime.ts';
import type { Bundle, BundleRuntime, HostPort } from './bundle-runtime.ts';
import type { Capability } from './capabilities.ts';
import type { JsonObject, User } from './contexts.ts';
import { createGranted, createTurn } from './create-turn.ts';
import { describeBundle } from './describe-bundle.ts';

/** Declares a bundle. The entry file exports the result as default. */
export function defineBundle<P extends z.ZodObject = z.ZodObject, C extends Capability = never>(
  definition: BundleDefinition<P, C>,
): Bundle {
  // The generic parameters guard the author's side only; inside, everything is checked at run time or came from JSON.
  return { id: definition.id, [RUNTIME]: createRuntime(definition as unknown as AnyBundleDefinition) };
}

interface Loaded {
  readonly definition: AnyBundleDefinition;
  readonly props: JsonObject;
}

/** Payload of an `operation`: what the caller sent, and who it is by the platform's word. */
interface OperationPayload {
  input?: unknown;
  user: User;
  conversation_id?: string;
}

function createRuntime(definition: AnyBundleDefinition): BundleRuntime {
  let manifest: BundleManifest | undefined;
  const loaded: Loaded = { definition, props: definition.props?.parse({}) ?? {} };
  return {
    contract: 1,
    manifest: () => (manifest ??= describeBundle(definition)),
    load: async () => {
      await definition.onLoad?.({ props: loaded.props });
    },
    unload: async () => {
      await definition.onUnload?.();
    },
    invoke: ({ kind, name, payload }, port) => {
      if (kind === 'turn') return runTurn(loaded, payload as TurnInvocation, port);
      if (kind === 'operation')
        return runOperation(definition, name ?? '', payload as OperationPayload, port);
      if (kind === 'schedule') return runSchedule(definition, name ?? '', port);
      throw new Error(`this bundle does not answer "${kind}"`);
    },
  };
}

async function runTurn(
  { definition, props }: Loaded,
  payload: TurnInvocation,
  port: HostPort,
): Promise<unknown> {
  if (definition.executeCore === undefined)
    throw new Error(`bundle "${definition.id}" has no executeCore: it answers no messages`);
  const { turn, finish } = createTurn({ payload, port, props, capabilities: definition.capabilities ?? [] });
  const result = await finish(await definition.executeCore(turn));
  if (definition.onTurnCompleted !== undefined) {
    const { turn_id, conversation_id } = payload;
    // After the answer went out: the hook must not delay it, nor fail it.
    setImmediate(completed, definition, { turn_id, conversation_id, final_answer: result.final_answer });
  }
  return result;
}

function completed(
  definition: AnyBundleDefinition,
  turn: Parameters<NonNullable<AnyBundleDefinition['onTurnCompleted']>>[0],
): void {
  Promise.resolve(turn)
    .then((ended) => definition.onTurnCompleted?.(ended))
    // oxlint-disable-next-line no-console -- inside a host the console is the log of the invocation
    .catch((error: unknown) => console.error('onTurnCompleted failed', error));
}

async function runOperation(
  definition: AnyBundleDefinition,
  name: string,
  payload: OperationPayload,
  port: HostPort,
): Promise<unknown> {
  const found = Object.hasOwn(definition.operations ?? {}, name) ? definition.operations?.[name] : undefined;
  if (found === undefined) throw new Error(`bundle "${definition.id}" has no operation "${name}"`);
  const { input: inputSchema, output: outputSchema } = found.definition;
  const input =
    inputSchema === undefined
      ? { success: true as const, data: payload.input }
      : await inputSchema.safeParseAsync(payload.input);
  if (!input.success) {
    throw new InvalidInputError(
      input.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
    );
  }
  const context = {
    ...createGranted(port, definition.capabilities ?? []),
    signal: port.signal,
    user: payload.user,
    ...(payload.conversation_id === undefined ? {} : { conversation_id: payload.conversation_id }),
  };
  const output = await found.run(context, input.data);
  if (outputSchema === undefined) return output;
  const checked = await outputSchema.safeParseAsync(output);
  if (!checked.success)
    throw new Error(
      `operation "${name}" returned what its output schema refuses: ${z.prettifyError(checked.error)}`,
    );
  return checked.data;
}

async function runSchedule(definition: AnyBundleDefinition, name: string, port: HostPort): Promise<void> {
  const found = Object.hasOwn(definition.schedules ?? {}, name) ? definition.schedules?.[name] : undefined;
  if (found === undefined) throw new Error(`bundle "${definition.id}" has no schedule "${name}"`);
  await found.run({ ...createGranted(port, definition.capabilities ?? []), signal: port.signal });
}
