import type { Server } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import { afterEach, expect, it } from 'vitest';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { readMultipart } from './read-multipart.ts';
import type { MultipartForm } from './read-multipart.ts';

const limits = { maxBytes: 10_000, maxFiles: 2, maxFieldBytes: 1000 };
let listening: (Listening & { server: Server }) | undefined;
afterEach(() => listening?.close(0));

/** What `readMultipart` makes of a request that `send` sends. */
async function read(
  body: FormData | string,
  headers: Record<string, string> = {},
): Promise<MultipartForm | PlatformError> {
  const outcome = Promise.withResolvers<MultipartForm | PlatformError>();
  listening = await listen(
    (req, res) => {
      readMultipart(req, limits)
        .then(outcome.resolve, outcome.resolve)
        .finally(() => res.end());
    },
    { port: 0, host: '127.0.0.1' },
  );
  await fetch(`http://127.0.0.1:${listening.port}`, { method: 'POST', body, headers });
  return outcome.promise;
}

function form(files: number, size: number, field = 'hello'): FormData {
  const data = new FormData();
  data.set('event_submission', field);
  for (let i = 0; i < files; i += 1)
    data.append('files', new Blob([Buffer.alloc(size, 65 + i)], { type: 'text/plain' }), `ä${i}.txt`);
  return data;
}

it('reads fields and files in their order, names in UTF-8', async () => {
  const read1 = (await read(form(2, 100))) as MultipartForm;
  expect(read1.fields.get('event_submission')).toBe('hello');
  expect(
    read1.files.map(({ field, filename, mime, bytes }) => [field, filename, mime, bytes.length, bytes[0]]),
  ).toEqual([
    ['files', 'ä0.txt', 'text/plain', 100, 65],
    ['files', 'ä1.txt', 'text/plain', 100, 66],
  ]);
});

it.each([
  ['too many files', form(3, 10), {}, 'INVALID_REQUEST'],
  ['too many bytes in files', form(2, 6000), {}, 'TOO_LARGE'],
  ['too many bytes, announced', form(1, 100_000), {}, 'TOO_LARGE'],
  ['a field too long', form(0, 0, 'x'.repeat(1001)), {}, 'TOO_LARGE'],
  ['no boundary', 'x', { 'content-type': 'multipart/form-data' }, 'INVALID_REQUEST'],
  [
    'a body cut short',
    '--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nabc',
    { 'content-type': 'multipart/form-data; boundary=b' },
    'INVALID_REQUEST',
  ],
])('refuses %s', async (_what, body, headers, code) => {
  const outcome = await read(body, headers);
  expect(outcome).toBeInstanceOf(PlatformError);
  expect((outcome as PlatformError).code).toBe(code);
});
