import { validateHeaderName, validateHeaderValue } from 'node:http';
import { wireResponseSchema } from '@switchyard/protocol';
import type { WireResponse } from '@switchyard/protocol';

/** Of the connection to the client, which is not the handler's: left out without a word, as every proxy does (RFC 9110, 7.6.1). */
const NOT_THE_HANDLERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
]);
const DIGITS = /^\d{1,15}$/u;

export type CheckedAnswer = { readonly answer: WireResponse } | { readonly error: string };

/** What a handler answered, fit to be sent; or why it is not. A host is not trusted. */
export function checkAnswer(given: unknown): CheckedAnswer {
  const parsed = wireResponseSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { error: `no answer: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim() };
  }
  const { status, body } = parsed.data;
  const headers = parsed.data.headers.filter(([name]) => !NOT_THE_HANDLERS.has(name.toLowerCase()));
  for (const [name, value] of headers) {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch {
      return { error: `the header ${JSON.stringify(name)} cannot be sent` };
    }
  }
  const lengths = headers.filter(([name]) => name.toLowerCase() === 'content-length');
  const isWrong = lengths.some(([, value]) => !DIGITS.test(value));
  // Two lengths, or one that is not a number, would have the next answer on the connection begin where it does not.
  if (lengths.length > 1 || isWrong) return { error: 'the header "content-length" is not one number' };
  return { answer: { status, headers, body } };
}
