import type { SitePlan, SiteProblem } from '@switchyard/bundle-sdk';
import { isPattern } from './read-headers.ts';

type Redirect = SitePlan['redirects'][number];

const FILE = '_redirects';
const MAX_RULES = 2100;
const MAX_LINE = 1000;
const STATUSES = [200, 301, 302, 303, 307, 308, 404] as const;
/** Cloudflare says 302 where a line says nothing, Netlify 301; what a browser forgets again does less harm. */
const DEFAULT_STATUS = 302;
const ORIGIN = /^https?:\/\/[^/\s]+/u;

/**
 * `_redirects`: `from [name=value ...] to [status][!]` a line. A line that is wrong is told and left out; the others count.
 */
export function readRedirects(text: string): { rules: Redirect[]; problems: SiteProblem[] } {
  const rules: Redirect[] = [];
  const problems: SiteProblem[] = [];
  for (const [at, raw] of text.split(/\r?\n/u).entries()) {
    const line = raw.replace(/(?:^|\s)#.*$/u, '').trim();
    if (line === '') continue;
    const read = line.length > MAX_LINE ? `longer than ${MAX_LINE} characters` : readLine(line);
    if (typeof read === 'string') problems.push({ file: FILE, line: at + 1, message: read });
    else if (rules.length >= MAX_RULES)
      problems.push({ file: FILE, line: at + 1, message: `more than ${MAX_RULES} rules` });
    else rules.push(read);
  }
  return { rules, problems };
}

/** The rule, or what is wrong with it. */
function readLine(line: string): Redirect | string {
  const [source = '', ...rest] = line.split(/\s+/u);
  const from = source.replace(ORIGIN, '') || '/';
  if (!isPattern(from)) return `"${source.slice(0, 60)}" is no path: write /path, /path/* or /:name`;
  const query: Redirect['query'] = [];
  let to: string | undefined;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part.startsWith('/') || ORIGIN.test(part)) {
      to = part;
      break;
    }
    const [name = '', value = ''] = part.split('=', 2);
    if (!part.includes('=') || name === '')
      return `"${part.slice(0, 60)}" is neither name=value nor an address`;
    query.push([name, value]);
  }
  if (to === undefined) return 'there is no address to go to';
  if (/[\\\s]/u.test(to) || to.length > 2000) return `"${to.slice(0, 60)}" is no address`;
  const [word = String(DEFAULT_STATUS), ...more] = rest;
  if (more.length > 0)
    return `"${more[0]?.slice(0, 60) ?? ''}": conditions by country, language and role are not supported`;
  const isForced = word.endsWith('!');
  const status = STATUSES.find((each) => String(each) === (isForced ? word.slice(0, -1) : word));
  if (status === undefined) return `"${word.slice(0, 20)}" is no status: ${STATUSES.join(', ')}`;
  if (ORIGIN.test(to) && (status === 200 || status === 404))
    return 'a rewrite to another server is not supported: answer it by a dynamic route';
  return { from, query, to, status, isForced };
}
