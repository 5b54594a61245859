import { PlatformError } from '@switchyard/kernel';
import type { WireResponse } from '@switchyard/protocol';

/** A body as a whole. Throws BUNDLE_ERROR over the bound; leaving the loop ends the stream in the host. */
export async function collectBody(body: WireResponse['body'], maxBytes: number): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw PlatformError.of('BUNDLE_ERROR', 'The answer of a tool is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
