import { createSitePattern } from '@switchyard/web-store';
import type { SitePattern } from '@switchyard/web-store';

/** What a subscription says of the requests that it wants; what it leaves out, it takes all of. */
export interface RequestRule {
  readonly site?: string | undefined;
  /** `/api/orders/*`, `/orders/:id`: a pattern as the routes of a site have it. */
  readonly path?: string | undefined;
  readonly methods?: readonly string[] | undefined;
}

export interface RuledRequest {
  readonly site: string;
  readonly path: string;
  readonly method: string;
}

/** A HEAD is a GET whose body nobody reads. */
export function matchesRule(rule: RequestRule, { site, path, method }: RuledRequest): boolean {
  if (rule.site !== undefined && rule.site !== site) return false;
  if (rule.methods !== undefined && !rule.methods.includes(method === 'HEAD' ? 'GET' : method)) return false;
  return rule.path === undefined || patternOf(rule.path).match(path) !== undefined;
}

/** Bundles say few patterns, and each request is compared with all of them. */
const KEPT = 1000;
const made = new Map<string, SitePattern>();

function patternOf(text: string): SitePattern {
  const known = made.get(text);
  if (known !== undefined) return known;
  const pattern = createSitePattern(text);
  if (made.size >= KEPT) made.clear();
  made.set(text, pattern);
  return pattern;
}

/** How much a rule says: the site first, then the literal part of its path, then its methods. */
export function compareRules(left: RequestRule, right: RequestRule): number {
  return (
    Number(right.site !== undefined) - Number(left.site !== undefined) ||
    literalLength(right) - literalLength(left) ||
    Number(right.methods !== undefined) - Number(left.methods !== undefined)
  );
}

function literalLength({ path = '' }: RequestRule): number {
  const wild = path.search(/[*:]/u);
  return wild === -1 ? path.length : wild;
}
