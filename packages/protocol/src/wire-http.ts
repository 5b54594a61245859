import { z } from 'zod';

/** Bytes in a message of the host channel. They travel beside it, over the byte pipe, and are whole when the message is read. */
export const bytesSchema = z.custom<Uint8Array>((value) => value instanceof Uint8Array, {
  message: 'no bytes',
});

/** Bytes that are still coming: read once, in order. A `ReadableStream`, or anything that can be iterated. */
export type ByteStream = AsyncIterable<Uint8Array>;
export const byteStreamSchema = z.custom<ByteStream>(
  (value) => typeof value === 'object' && value !== null && Symbol.asyncIterator in value,
  { message: 'no stream of bytes' },
);

/** In order, repeats kept: several `set-cookie` are several pairs. */
export const headerListSchema = z.array(z.tuple([z.string().max(256), z.string().max(64 * 1024)])).max(500);
export type HeaderList = z.output<typeof headerListSchema>;

const bodySchema = z.union([bytesSchema, byteStreamSchema]).nullable();

export const wireRequestSchema = z.object({
  method: z.string().min(1).max(32),
  url: z.string().max(16 * 1024),
  headers: headerListSchema,
  body: bodySchema,
});
export type WireRequest = z.output<typeof wireRequestSchema>;

export const wireResponseSchema = z.object({
  status: z.number().int().min(200).max(599),
  headers: headerListSchema,
  body: bodySchema,
});
export type WireResponse = z.output<typeof wireResponseSchema>;
