import type { ModelMessage, ToolSet } from 'ai';
import type { ConnectedModel } from '../model/connect-model.ts';
import { toModelFailure } from '../model/model-failure.ts';
import type { ModelFailure } from '../model/model-failure.ts';
import type { AgentTurn } from './agent-turn.ts';

export interface StepParts {
  connected: ConnectedModel;
  turn: AgentTurn;
  /** From 1. */
  number: number;
  tools: ToolSet;
  instructions: string;
  messages: ModelMessage[];
  hasAnswered: boolean;
  say: (text: string) => Promise<void>;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export interface StepEnd {
  /** What the model said and the tools answered. */
  messages: ModelMessage[];
  hasCalledTools: boolean;
  finishReason: string;
  failure?: ModelFailure;
}

/** The library waits 2 s before it asks again, or as long as the provider said. */
const MAX_RETRIES = 1;

/** One model call, told as it comes, with the tools that it asks for. Rejects only when the turn is cancelled. */
export async function runStep(parts: StepParts): Promise<StepEnd> {
  const { turn, number, now } = parts;
  const step = `model-${number}`;
  const startedAt = now();
  await turn.step(step, { status: 'started', title: `Asking ${parts.connected.name}` });
  const told = { text: '' };
  try {
    const end = await streamStep(parts, told);
    await turn.step(step, {
      status: 'completed',
      title: `Asked ${parts.connected.name}`,
      data: { ms: Math.round(now() - startedAt), ...end.usage },
    });
    return end;
  } catch (error) {
    turn.signal.throwIfAborted();
    const failure = toModelFailure(error, told.text !== '' || parts.hasAnswered);
    // oxlint-disable-next-line no-console -- inside a host the console is the log of the invocation
    console.error(`the model failed: ${failure.errorType}, status ${failure.status ?? 'none'}`);
    await turn.step(step, {
      status: 'error',
      title: failure.text,
      data: { ms: Math.round(now() - startedAt), error_type: failure.errorType },
    });
    return { messages: [], hasCalledTools: false, finishReason: 'error', failure };
  }
}

async function streamStep(parts: StepParts, told: { text: string }) {
  const { connected, turn, tools } = parts;
  const { ai, model } = connected;
  const { temperature, maxAnswerTokens } = turn.props;
  const result = ai.streamText({
    model,
    tools,
    instructions: parts.instructions,
    messages: parts.messages,
    ...(temperature === null ? {} : { temperature }),
    maxOutputTokens: maxAnswerTokens,
    maxRetries: MAX_RETRIES,
    abortSignal: turn.signal,
    stopWhen: ai.isStepCount(1),
    // They come as parts of the stream too; without this the library prints them, with what the provider said.
    onError: () => undefined,
  });
  let end: { finishReason: string; raw: string | undefined } | undefined;
  let usage = {};
  let hasCalledTools = false;
  for await (const part of result.stream) {
    if (part.type === 'text-delta') {
      told.text += part.text;
      await parts.say(part.text);
    } else if (part.type === 'reasoning-delta') await turn.thinking(part.text);
    else if (part.type === 'tool-call') hasCalledTools = true;
    else if (part.type === 'error') throw part.error;
    else if (part.type === 'finish-step') {
      end = { finishReason: part.finishReason, raw: part.rawFinishReason };
      usage = { input_tokens: part.usage.inputTokens ?? 0, output_tokens: part.usage.outputTokens ?? 0 };
    }
  }
  turn.signal.throwIfAborted();
  // A connection that closes in the middle looks like an end to the library; providers say why they ended.
  if (end === undefined || end.raw === undefined) throw new Error('the stream ended without its end');
  return { messages: await result.responseMessages, hasCalledTools, finishReason: end.finishReason, usage };
}
