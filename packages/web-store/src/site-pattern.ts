/** What a pattern found in a path: `splat`, and its placeholders. As in the path, encoded. */
export type PatternMatch = Readonly<Record<string, string>>;

/**
 * A pattern of the rules of a site, made once. `*` at the end of a segment takes everything from there on, `:name` one segment. Both sides
 * are compared by segments of a path without query, so no pattern is ever turned into an expression that a path could make slow.
 */
export interface SitePattern {
  readonly text: string;
  /** Undefined: it does not match. */
  match(path: string): PatternMatch | undefined;
}

const PLACEHOLDER = /^:[A-Za-z][A-Za-z0-9_]*$/u;

export function createSitePattern(text: string): SitePattern {
  const star = text.indexOf('*');
  const head = star < 0 ? text : text.slice(0, star);
  const wanted = head.split('/');
  const hasPlaceholder = wanted.some((segment) => PLACEHOLDER.test(segment));
  if (!hasPlaceholder) return { text, match: (path) => matchPlain(head, star >= 0, path) };
  return { text, match: (path) => matchSegments(wanted, star >= 0, path) };
}

/** `/a/*` stands for `/a` as well. */
function matchPlain(head: string, hasStar: boolean, path: string): PatternMatch | undefined {
  if (!hasStar) return withoutSlash(path) === withoutSlash(head) ? {} : undefined;
  if (path.startsWith(head)) return { splat: path.slice(head.length) };
  return head.endsWith('/') && path === head.slice(0, -1) ? { splat: '' } : undefined;
}

function matchSegments(wanted: readonly string[], hasStar: boolean, path: string): PatternMatch | undefined {
  const given = (hasStar ? path : withoutSlash(path)).split('/');
  if (hasStar ? given.length < wanted.length : given.length !== wanted.length) return undefined;
  const found: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? '';
    if (hasStar && at === wanted.length - 1) {
      if (!value.startsWith(segment)) return undefined;
      found['splat'] = [value.slice(segment.length), ...given.slice(at + 1)].join('/');
    } else if (PLACEHOLDER.test(segment)) {
      if (value === '') return undefined;
      found[segment.slice(1)] = value;
    } else if (segment !== value) return undefined;
  }
  return found;
}

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
