import { createHmac } from 'node:crypto';

/** How Standard Webhooks write a key: what follows is base64. */
const KEY_PREFIX = 'whsec_';

export interface SignedMessage {
  /** The same for every try of one message. */
  readonly id: string;
  readonly timestampSec: number;
  /** The very bytes that are sent. */
  readonly body: string | Uint8Array;
}

/**
 * The three headers of Standard Webhooks: over id, time and body, so that none can be changed and an old message is seen to be old.
 *
 * @param key as it is, or `whsec_` and base64; undefined: not signed
 */
export function signWebhook(
  key: string | undefined,
  { id, timestampSec, body }: SignedMessage,
): [name: string, value: string][] {
  const headers: [string, string][] = [
    ['webhook-id', id],
    ['webhook-timestamp', String(timestampSec)],
  ];
  if (key === undefined) return headers;
  const bytes = key.startsWith(KEY_PREFIX) ? Buffer.from(key.slice(KEY_PREFIX.length), 'base64') : key;
  const mac = createHmac('sha256', bytes).update(`${id}.${timestampSec}.`).update(body).digest('base64');
  return [...headers, ['webhook-signature', `v1,${mac}`]];
}
