import type { OfferedOperation } from '@switchyard/bundle-sdk';
import type { ToolSet } from 'ai';
import type { AiSdk } from '../model/load-ai-sdk.ts';
import type { AgentTurn } from './agent-turn.ts';
import { clip, runAsStep } from './run-as-step.ts';

/** Some 2,500 tokens; what is longer is cut, and the model told so. */
const MAX_OUTPUT = 8_000;
/** What providers take as the name of a tool. */
const MAX_NAME = 64;
/** Every one costs tokens in every call; a list that is longer helps no model. */
const MAX_TOOLS = 40;
const NOT_OFFERED = new Set(['capability_denied', 'capability_unavailable']);

/** Of what other bundles offer to this user, that which the admin's list allows. Empty where the platform has no such calls. */
export async function allowedOperations({
  props,
  operations,
}: Pick<AgentTurn, 'props' | 'operations'>): Promise<OfferedOperation[]> {
  if (props.operations.length === 0) return [];
  const allowed = new Set(props.operations);
  try {
    const offered = await operations.list();
    const named = offered.filter(
      ({ bundle_id: id, name }) => allowed.has(`${id}.${name}`) || allowed.has(`${id}.*`),
    );
    return named.slice(0, MAX_TOOLS);
  } catch (error) {
    if (NOT_OFFERED.has(String((error as { code?: unknown }).code))) return [];
    throw error;
  }
}

/** A tool for each operation, under `<bundle>_<operation>`. Each call is a step of the turn. */
export function operationTools(
  {
    ai,
    turn,
    operations,
    now,
  }: {
    ai: Pick<AiSdk, 'jsonSchema' | 'tool'>;
    turn: Pick<AgentTurn, 'operations' | 'step' | 'signal'>;
    operations: readonly OfferedOperation[];
    now: () => number;
  },
  count: () => number,
): ToolSet {
  const tools: ToolSet = {};
  for (const { bundle_id: bundleId, name, description, input } of operations) {
    const toolName = `${bundleId}_${name}`.replaceAll(/[^\w-]/gu, '_').slice(0, MAX_NAME);
    // Two that look alike to a provider: the first is as good as the other, and neither is called for the other.
    if (Object.hasOwn(tools, toolName)) continue;
    const title = `${bundleId}: ${name}`;
    tools[toolName] = ai.tool({
      description: description ?? `The operation ${name} of ${bundleId}.`,
      inputSchema: ai.jsonSchema<Record<string, unknown>>({ type: 'object', properties: {}, ...input }),
      execute: (given) =>
        runAsStep(
          {
            turn,
            name: `${toolName}-${count()}`,
            title,
            data: { input: clip(JSON.stringify(given)) },
            now,
          },
          async () => {
            const output = await turn.operations.call(bundleId, name, given);
            return { output: bounded(output), done: title };
          },
        ),
    });
  }
  return tools;
}

function bounded(output: unknown): string {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  if (text.length <= MAX_OUTPUT) return text;
  return `${text.slice(0, MAX_OUTPUT)}\n(Cut here: the answer has ${text.length} characters.)`;
}
