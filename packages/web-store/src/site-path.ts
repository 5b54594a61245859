/** A path that may name a file of a site, or why not. */
export type SitePath = { readonly path: string } | { readonly error: string };

const MAX_BYTES = 1000;
const MAX_SEGMENT_BYTES = 255;
// Control characters, and what is a separator elsewhere.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f\\]/u;
/** What a server that decodes twice would turn into something else. A percent sign alone is an ordinary character. */
const ENCODED = /%[0-9a-f]{2}/iu;

/**
 * Brings a path as an author writes it to the one form under which it is stored, looked up and compared: NFC, no slash in front. One that
 * could mean something else to a browser, a disk or another server is refused.
 */
export function readSitePath(text: string): SitePath {
  const path = (text.startsWith('/') ? text.slice(1) : text).normalize('NFC');
  if (path === '') return { error: 'the path is empty' };
  if (!path.isWellFormed()) return { error: 'the path is no text' };
  if (Buffer.byteLength(path) > MAX_BYTES) return { error: `the path is longer than ${MAX_BYTES} bytes` };
  if (FORBIDDEN.test(path)) return { error: 'the path has a backslash or a control character' };
  if (ENCODED.test(path)) return { error: 'the path is encoded: write the characters themselves' };
  const segments = path.split('/');
  if (segments.includes('')) return { error: 'the path has an empty segment' };
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return { error: 'the path has a segment that means another folder' };
  if (segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES))
    return { error: `a segment is longer than ${MAX_SEGMENT_BYTES} bytes` };
  return { path };
}

/** Whole segments: `site` holds `site` and `site/a`, and not `site-evil.html`. An empty folder holds everything. */
export function isWithin(folder: string, path: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
