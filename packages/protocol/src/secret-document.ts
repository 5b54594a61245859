import { z } from 'zod';
import { idSchema } from './id.ts';

const values = z.record(idSchema, z.string().min(1));

/** Secrets as a file holds them, sealed: by bundle, and the platform's own. */
export const secretDocumentSchema = z.strictObject({
  bundles: z.record(idSchema, values).default({}),
  platform: values.default({}),
});
export type SecretDocument = z.output<typeof secretDocumentSchema>;
