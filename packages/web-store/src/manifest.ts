import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const variant = z.object({ sha256, size: z.number().int().nonnegative() });

/** Compressed forms in the order in which they are preferred. */
export const CODINGS = ['br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

export const variantsSchema = z.object({ br: variant.optional(), gzip: variant.optional() });
export type Variants = z.output<typeof variantsSchema>;

/** One file of a deploy. */
export const siteFileSchema = z.object({
  sha256,
  size: z.number().int().nonnegative(),
  /** `Content-Type`, whole. */
  type: z.string(),
  /** Seconds since 1970: when this content came to this path. */
  modified: z.number().int(),
  variants: variantsSchema.optional(),
});
export type SiteFile = z.output<typeof siteFileSchema>;

/** Path (`readSitePath`) -> file. */
export type SiteManifest = Readonly<Record<string, SiteFile>>;

/** Every content once, for the collection of what no deploy names. */
export function blobsOf(manifest: SiteManifest): string[] {
  return [...new Set(Object.values(manifest).map((file) => file.sha256))].toSorted();
}

/** Bytes as uploaded, without the compressed forms. */
export function bytesOf(manifest: SiteManifest): number {
  return Object.values(manifest).reduce((sum, file) => sum + file.size, 0);
}
