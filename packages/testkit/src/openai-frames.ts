import { DEFAULT_USAGE, finishOf, framesOfText, piecesOf } from './model-replies.ts';
import type { ModelAnswer, ModelFrame } from './model-replies.ts';

const CREATED = 1_700_000_000;

/** A streamed answer of `POST /v1/chat/completions`. The usage comes in a frame of its own, and only when it was asked for. */
export function openAiFrames(reply: ModelAnswer, model: string, hasUsage: boolean): ModelFrame[] {
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: CREATED, model };
  const chunk = (delta: unknown, finish: string | null = null): ModelFrame => ({
    data: {
      ...base,
      choices: [{ index: 0, delta, finish_reason: finish }],
      ...(hasUsage ? { usage: null } : {}),
    },
  });
  return [
    chunk({ role: 'assistant', content: '' }),
    ...piecesOf(reply.thinking ?? '').map((piece) => chunk({ reasoning_content: piece })),
    ...framesOfText(reply, (content) => chunk({ content })),
    ...(reply.toolCalls ?? []).flatMap(({ name, input }, index) => [
      chunk({
        tool_calls: [{ index, id: `call_${index + 1}`, type: 'function', function: { name, arguments: '' } }],
      }),
      ...piecesOf(JSON.stringify(input)).map((piece) =>
        chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    ]),
    chunk({}, finishOf(reply)),
    ...(hasUsage ? [{ data: { ...base, choices: [], usage: usageOf(reply) } }] : []),
    { data: '[DONE]' },
  ];
}

/** The same without streaming. */
export function openAiBody(reply: ModelAnswer, model: string): unknown {
  const calls = (reply.toolCalls ?? []).map(({ name, input }, at) => ({
    id: `call_${at + 1}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  const message = {
    role: 'assistant',
    content: reply.text ?? null,
    ...(reply.thinking === undefined ? {} : { reasoning_content: reply.thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: usageOf(reply),
  };
}

function usageOf({ usage = DEFAULT_USAGE }: ModelAnswer) {
  const { input, output, cached } = { cached: 0, ...usage };
  const details = cached === 0 ? {} : { prompt_tokens_details: { cached_tokens: cached } };
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output, ...details };
}
