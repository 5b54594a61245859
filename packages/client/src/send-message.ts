import type { Ack } from '@switchyard/protocol';
import type { Requester } from './request.ts';

export interface OutgoingFile {
  filename: string;
  blob: Blob;
}

export interface SendOptions {
  message: string;
  conversationId?: string | undefined;
  bundleId?: string | undefined;
  attachments?: readonly OutgoingFile[] | undefined;
  /** The message's own id. The same key again is the same message: the first ack comes back, nothing runs twice. */
  idempotencyKey: string;
  signal?: AbortSignal | undefined;
  /** Further attempts under the same key; by default as many as an ingress needs to restart. */
  retries?: number | undefined;
}

/** Enough for an ingress that restarts: with the waits between them about seven seconds. */
const SEND_RETRIES = 4;

export interface MessageRequest {
  headers: Record<string, string>;
  body: unknown;
}

/** `POST /api/chat/messages`: JSON, or a form with the same fields when files come along. */
export function messageRequest(options: SendOptions): MessageRequest {
  const fields = {
    message: options.message,
    ...(options.conversationId === undefined ? {} : { conversation_id: options.conversationId }),
    ...(options.bundleId === undefined ? {} : { bundle_id: options.bundleId }),
  };
  const headers = { 'idempotency-key': options.idempotencyKey, 'x-user-timezone': timezone() };
  if (options.attachments === undefined || options.attachments.length === 0) return { headers, body: fields };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  for (const file of options.attachments) form.append('files', file.blob, file.filename);
  return { headers, body: form };
}

function timezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export async function sendMessage(requester: Requester, options: SendOptions): Promise<Ack> {
  const { headers, body } = messageRequest(options);
  const { signal, retries = SEND_RETRIES } = options;
  return requester.json('/api/chat/messages', {
    method: 'POST',
    headers,
    body,
    signal,
    retries,
  });
}
