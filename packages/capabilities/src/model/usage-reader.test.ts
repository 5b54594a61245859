import { expect, test } from 'vitest';
import { UsageReader } from './usage-reader.ts';

const read = (...chunks: string[]) => {
  const reader = new UsageReader();
  for (const chunk of chunks) reader.take(new TextEncoder().encode(chunk));
  return reader.end();
};

test('OpenAI, streamed and cut anywhere', () => {
  const text =
    'data: {"usage":null}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n';
  expect(read(...text.split(''))).toEqual({ input: 3, output: 4 });
});

test('Anthropic: the later number counts', () => {
  expect(
    read(
      'data: {"message":{"usage":{"input_tokens":9,"output_tokens":1}}}\n',
      'data: {"type":"message_delta","usage":{"output_tokens":5}}\n',
    ),
  ).toEqual({ input: 9, output: 5 });
});

test('a whole answer', () => {
  expect(read('{"usage":{"prompt_tokens":3,"completion_tokens":4}}')).toEqual({ input: 3, output: 4 });
});

test.each(['', 'data: [DONE]\n', '{"usage":{"prompt_tokens":-1,"completion_tokens":"4"}}', 'a "usage" {'])(
  'of %j nothing is counted',
  (text) => {
    expect(read(text)).toBeUndefined();
  },
);
