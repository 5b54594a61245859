import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { WireResponse } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { createFetch, toRequest } from './wire-fetch.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Until whatever nobody holds is gone. */
const forget = async (): Promise<void> => {
  for (let round = 0; round < 5; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const wire = { method: 'GET', url: 'http://site.example/', headers: [], body: null };

test('whoever waits for the signal of a request alone hears of the abort, after a collection of garbage too', async () => {
  const client = new AbortController();
  let heard = 0;
  const handle = (request: Request): void =>
    request.signal.addEventListener('abort', () => void (heard += 1));
  handle(toRequest(wire, client.signal));
  await forget();
  client.abort();
  expect(heard).toBe(1);
});

test('a call that waits for its head is aborted after a collection of garbage', async () => {
  const caller = new AbortController();
  // As in a host: whoever is to answer is held, and with it the call.
  const answer = Promise.withResolvers<WireResponse>();
  const fetched = createFetch(() => answer.promise)('http://api.example/', { signal: caller.signal });
  const failed = fetched.catch((error: unknown) => error);
  await forget();
  caller.abort(new Error('enough'));
  expect(await failed).toMatchObject({ message: 'enough' });
  answer.resolve({ status: 200, headers: [], body: null });
});

test('a body that is still coming is aborted after a collection of garbage, and its source is let go', async () => {
  const caller = new AbortController();
  let released = 0;
  const body = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<Uint8Array>>(() => undefined),
      return: () => {
        released += 1;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  const send = () => Promise.resolve({ status: 200, headers: [], body: body as AsyncIterable<Uint8Array> });
  const response = await createFetch(send)('http://api.example/', { signal: caller.signal });
  const failed = response.text().catch((error: unknown) => error);
  await forget();
  caller.abort(new Error('enough'));
  expect(await failed).toMatchObject({ message: 'enough' });
  expect(released).toBe(1);
});
