/** What a subscription says of the requests that it wants; what it leaves out, it takes all of. */
export interface RequestRule {
  readonly site?: string | undefined;
  /** `/api/orders/*`, `/orders/:id`. */
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
  return rule.path === undefined || matchesPath(rule.path, path);
}

/** Segment by segment, so that `/api` is not `/apis`. A `*` at the end takes the rest, none of it included: `/api/*` is `/api` too. */
export function matchesPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  for (const [at, segment] of wanted.entries()) {
    if (segment === '*' && at === wanted.length - 1) return true;
    const one = given[at];
    if (one === undefined) return false;
    if (segment.startsWith(':') ? one === '' : segment !== one && segment !== '*') return false;
  }
  return given.length === wanted.length;
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
