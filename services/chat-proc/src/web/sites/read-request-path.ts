/** The path of a request below its site. */
export interface RequestPath {
  /** As it came, without query. */
  readonly encoded: string;
  /** Decoded once and brought to NFC, without the first slash: what files are looked up by. A folder keeps its last slash. */
  readonly key: string;
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\u0000-\u001f\u007f\\/]/u;

/**
 * Undefined: answer 400. Each segment is decoded for itself, so nothing that is encoded can become a separator, and dots that mean
 * another folder are refused in every spelling; what stands there after one decoding is a name and is never decoded again.
 */
export function readRequestPath(path: string): RequestPath | undefined {
  // A client that does not encode what HTTP cannot carry has made no address.
  if (!path.startsWith('/') || /[^\x21-\x5b\x5d-\x7e]/u.test(path)) return undefined;
  const segments: string[] = [];
  for (const encoded of path.slice(1).split('/')) {
    const segment = decode(encoded);
    if (segment === undefined || segment === '.' || segment === '..' || FORBIDDEN.test(segment))
      return undefined;
    segments.push(segment);
  }
  return { encoded: path, key: segments.join('/').normalize('NFC') };
}

function decode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
