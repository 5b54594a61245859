import { expect, test } from 'vitest';
import { UsageReader } from './usage-reader.ts';

const read = (...chunks: string[]) => {
  const reader = new UsageReader();
  for (const chunk of chunks) reader.take(new TextEncoder().encode(chunk));
  return reader.end();
};

const UNCACHED = { cacheRead: 0, cacheWrite: 0 };

test('OpenAI, streamed and cut anywhere', () => {
  const text =
    'data: {"usage":null}\n\ndata: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n';
  expect(read(...text.split(''))).toEqual({ input: 3, output: 4, ...UNCACHED });
});

test('Anthropic: the later number counts', () => {
  expect(
    read(
      'data: {"message":{"usage":{"input_tokens":9,"output_tokens":1}}}\n',
      'data: {"type":"message_delta","usage":{"output_tokens":5}}\n',
    ),
  ).toEqual({ input: 9, output: 5, ...UNCACHED });
});

test('Anthropic: what came from the cache was read too', () => {
  const start =
    '"usage":{"input_tokens":9,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,"output_tokens":1}';
  // The last word repeats the numbers; they are one count, not a sum.
  const end =
    '"usage":{"input_tokens":9,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,"output_tokens":5}';
  expect(read(`data: {"message":{${start}}}\n`, `data: {"type":"message_delta",${end}}\n`)).toEqual({
    input: 2109,
    output: 5,
    cacheRead: 2000,
    cacheWrite: 100,
  });
});

test('OpenAI: cached ones are among those that were read', () => {
  expect(
    read('{"usage":{"prompt_tokens":50,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":30}}}'),
  ).toEqual({ input: 50, output: 4, cacheRead: 30, cacheWrite: 0 });
});

test('a whole answer', () => {
  expect(read('{"usage":{"prompt_tokens":3,"completion_tokens":4}}')).toEqual({
    input: 3,
    output: 4,
    ...UNCACHED,
  });
});

test.each(['', 'data: [DONE]\n', '{"usage":{"prompt_tokens":-1,"completion_tokens":"4"}}', 'a "usage" {'])(
  'of %j nothing is counted',
  (text) => {
    expect(read(text)).toBeUndefined();
  },
);
