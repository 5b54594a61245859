import { setTimeout as pause } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';

export interface ReturningClient {
  readonly text: string;
  /** Connections that were opened, resyncs that were told, ids that did not grow. */
  readonly counts: Readonly<{ connections: number; resyncs: number; repeats: number; refusals: number }>;
  readonly done: Promise<void>;
  stop(): void;
}

export interface ReturningClientOptions {
  url: string;
  token: string;
  /** It reads until its text ends so. */
  end: string;
  random: () => number;
}

/**
 * A client as they are found in browsers: it comes back with its last id, after a wait within a doubling window that the
 * stream's `retry:` or a refusal's `Retry-After` begins.
 */
export function openReturningClient({ url, token, end, random }: ReturningClientOptions): ReturningClient {
  const stopping = new AbortController();
  const counts = { connections: 0, resyncs: 0, repeats: 0, refusals: 0 };
  let [text, lastId, heardId, baseMs, failures] = ['', '', '', 1000, 0];
  const seqOf = (id: string) => BigInt(id.split('-')[1] ?? 0);

  function hear(id: string | undefined, event: string | undefined, data: string): void {
    if (id !== undefined && event !== 'ready') {
      counts.repeats += Number(heardId !== '' && seqOf(id) <= seqOf(heardId));
      heardId = id;
    }
    if (event === 'resync') counts.resyncs += 1;
    if (event === 'chat_delta') text += (JSON.parse(data) as { text: string }).text;
  }

  async function connectOnce(): Promise<void> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(lastId === '' ? {} : { 'last-event-id': lastId }),
    };
    const answer = await fetch(`${url}/sse/stream?follow=session`, { headers, signal: stopping.signal });
    if (!answer.ok || answer.body === null) {
      counts.refusals += 1;
      await answer.arrayBuffer();
      await pause(Number(answer.headers.get('retry-after') ?? 0) * 1000);
      return;
    }
    counts.connections += 1;
    failures = 0;
    const parser = createParser({
      onId: (id) => (lastId = id),
      onEvent: ({ id, event, data }) => hear(id, event, data),
      onRetry: (ms) => (baseMs = ms),
    });
    const decoder = new TextDecoder();
    for await (const chunk of answer.body) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      if (text.endsWith(end)) return;
    }
  }

  async function run(): Promise<void> {
    while (!text.endsWith(end) && !stopping.signal.aborted) {
      await connectOnce().catch(() => undefined);
      if (text.endsWith(end)) return;
      await pause(random() * Math.min(15_000, baseMs * 2 ** failures), undefined, {
        signal: stopping.signal,
      });
      failures += 1;
    }
  }
  return {
    get text() {
      return text;
    },
    counts,
    done: run().catch(() => undefined),
    stop: () => stopping.abort(),
  };
}
