import { DEFAULT_USAGE, finishOf, framesOfText, piecesOf } from './model-replies.ts';
import type { ModelAnswer, ModelFrame } from './model-replies.ts';

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  content_filter: 'refusal',
  tool_calls: 'tool_use',
} as const;

/** A streamed answer of `POST /v1/messages`: numbered blocks, each opened, filled and closed. */
export function anthropicFrames(reply: ModelAnswer, model: string): ModelFrame[] {
  const { output } = reply.usage ?? DEFAULT_USAGE;
  let index = -1;
  const block = (
    start: object,
    body: (delta: (value: object) => ModelFrame) => ModelFrame[],
  ): ModelFrame[] => {
    index += 1;
    const at = index;
    const delta = (value: object) => frame('content_block_delta', { index: at, delta: value });
    return [
      frame('content_block_start', { index: at, content_block: start }),
      ...body(delta),
      frame('content_block_stop', { index: at }),
    ];
  };
  const { thinking = '', text = '', toolCalls = [] } = reply;
  return [
    frame('message_start', {
      message: { ...messageOf(model), content: [], usage: { ...inputOf(reply), output_tokens: 1 } },
    }),
    frame('ping', {}),
    ...(thinking === ''
      ? []
      : block({ type: 'thinking', thinking: '', signature: '' }, (delta) => [
          ...piecesOf(thinking).map((piece) => delta({ type: 'thinking_delta', thinking: piece })),
          delta({ type: 'signature_delta', signature: 'c2lnbmVk' }),
        ])),
    ...(text === '' && reply.hold === undefined
      ? []
      : block({ type: 'text', text: '' }, (delta) =>
          framesOfText(reply, (piece) => delta({ type: 'text_delta', text: piece })),
        )),
    ...toolCalls.flatMap(({ name, input: given }, at) =>
      block({ type: 'tool_use', id: `toolu_${at + 1}`, name, input: {} }, (delta) =>
        piecesOf(JSON.stringify(given)).map((piece) =>
          delta({ type: 'input_json_delta', partial_json: piece }),
        ),
      ),
    ),
    frame('message_delta', {
      delta: { stop_reason: STOP_REASONS[finishOf(reply)], stop_sequence: null },
      usage: { output_tokens: output },
    }),
    frame('message_stop', {}),
  ];
}

/** The same without streaming. */
export function anthropicBody(reply: ModelAnswer, model: string): unknown {
  const { output } = reply.usage ?? DEFAULT_USAGE;
  const content = [
    ...(reply.text === undefined ? [] : [{ type: 'text', text: reply.text }]),
    ...(reply.toolCalls ?? []).map(({ name, input: given }, at) => ({
      type: 'tool_use',
      id: `toolu_${at + 1}`,
      name,
      input: given,
    })),
  ];
  return {
    ...messageOf(model),
    content,
    stop_reason: STOP_REASONS[finishOf(reply)],
    usage: { ...inputOf(reply), output_tokens: output },
  };
}

/** `input_tokens` are those that came from no cache. */
function inputOf({ usage = DEFAULT_USAGE }: ModelAnswer) {
  const { input, cached } = { cached: 0, ...usage };
  return { input_tokens: input - cached, ...(cached === 0 ? {} : { cache_read_input_tokens: cached }) };
}

function frame(type: string, fields: object): ModelFrame {
  return { event: type, data: { type, ...fields } };
}

function messageOf(model: string) {
  return { id: 'msg_1', type: 'message', role: 'assistant', model, stop_reason: null, stop_sequence: null };
}
