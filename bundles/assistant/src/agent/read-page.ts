import type { Http } from '@switchyard/bundle-sdk';
import { textOfHtml } from './text-of-html.ts';

const MAX_BYTES = 512 * 1024;
const MAX_CHARACTERS = 8_000;
const READ_MS = 15_000;
const TEXTUAL = /^(text\/|application\/(json|xml|[a-z.+-]+\+(json|xml)))/iu;

/**
 * The text of a page, at most 8,000 characters; of HTML what a reader sees. Rejects with words for the model: another type than text, an
 * answer that is not 2xx, or what the platform refused.
 */
export async function readPage(http: Http, address: string, signal: AbortSignal): Promise<string> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(READ_MS)]);
  const response = await http.fetch(address, {
    headers: { accept: 'text/*, application/json' },
    signal: limited,
  });
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !TEXTUAL.test(type)) {
    await response.body?.cancel();
    throw new Error(
      response.ok
        ? `the page is no text but ${type || 'of no type'}`
        : `the page answered ${response.status}`,
    );
  }
  const raw = await readBounded(response);
  const text = /html/iu.test(type) ? textOfHtml(raw) : raw;
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}\n… (the page goes on)`;
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Leaving the loop cancels the body, and with it the request.
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    text += decoder.decode(chunk, { stream: true });
    if (bytes >= MAX_BYTES) break;
  }
  return text;
}
