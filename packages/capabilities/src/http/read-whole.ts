import { PlatformError } from '@switchyard/kernel';
import type { WireRequest } from '@switchyard/protocol';

/** A whole body, so that a redirect can send it again. Rejects TOO_LARGE. */
export async function readWhole(body: WireRequest['body'], maxBytes: number): Promise<Uint8Array | null> {
  if (body === null) return null;
  const chunks: Uint8Array[] = [];
  let total = 0;
  const take = (chunk: Uint8Array): void => {
    total += chunk.byteLength;
    if (total > maxBytes)
      throw PlatformError.of('TOO_LARGE', `The body of the request is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  };
  if (body instanceof Uint8Array) take(body);
  else for await (const chunk of body) take(chunk);
  return Buffer.concat(chunks);
}
