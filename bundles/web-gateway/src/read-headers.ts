import type { SitePlan, SiteProblem } from '@switchyard/bundle-sdk';

type HeaderRule = SitePlan['headers'][number];

const FILE = '_headers';
const MAX_RULES = 500;
const MAX_LINE = 2000;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/u;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/u;
/** What the platform works out for each answer. It would not send them, so their author should know. */
const NOT_SETTABLE = new Set([
  'accept-ranges',
  'age',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'date',
  'etag',
  'keep-alive',
  'last-modified',
  'location',
  'server',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-content-type-options',
  'x-request-id',
]);

/**
 * `_headers`: a pattern at the start of a line, its headers indented below it. `! Name` takes a header of an earlier rule away. A line
 * that is wrong is told and left out; the others count.
 */
export function readHeaders(text: string): { rules: HeaderRule[]; problems: SiteProblem[] } {
  const rules: HeaderRule[] = [];
  const problems: SiteProblem[] = [];
  let rule: HeaderRule | undefined;
  for (const [at, raw] of text.split(/\r?\n/u).entries()) {
    const say = (message: string): void => void problems.push({ file: FILE, line: at + 1, message });
    const line = raw.trimEnd();
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (line.length > MAX_LINE) {
      say(`longer than ${MAX_LINE} characters`);
      continue;
    }
    if (!/^\s/u.test(line)) {
      const pattern = readPattern(line);
      if (pattern === undefined) say(`"${line.slice(0, 60)}" is no path: write /path, /path/* or /:name`);
      else if (rules.length >= MAX_RULES) say(`more than ${MAX_RULES} rules`);
      rule = pattern === undefined || rules.length >= MAX_RULES ? undefined : { pattern, set: [], unset: [] };
      if (rule !== undefined) rules.push(rule);
      continue;
    }
    const wrong = addHeader(rule, line.trim());
    if (wrong !== undefined) say(wrong);
  }
  return { rules: rules.filter(({ set, unset }) => set.length + unset.length > 0), problems };
}

/** Says what is wrong. */
function addHeader(rule: HeaderRule | undefined, line: string): string | undefined {
  if (rule === undefined) return 'a header without a path above it';
  if (line.startsWith('!')) {
    rule.unset.push(line.slice(1).trim());
    return undefined;
  }
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).trim();
  const value = line.slice(colon + 1).trim();
  if (colon < 0) return `"${line.slice(0, 60)}" is no header: write Name: value`;
  if (!NAME.test(name)) return `"${name.slice(0, 60)}" is no name of a header`;
  if (!VALUE.test(value)) return `the value of ${name} has characters that no header can hold`;
  if (NOT_SETTABLE.has(name.toLowerCase())) return `${name} is worked out by the platform and cannot be set`;
  if (rule.set.length >= 50) return 'more than 50 headers for one path';
  rule.set.push([name, value]);
  return undefined;
}

/** A rule may name a host, as on Cloudflare; a site has one content for all of its hosts, so the path alone counts. */
function readPattern(text: string): string | undefined {
  const pattern = text.trim().replace(/^https?:\/\/[^/]*/u, '') || '/';
  return isPattern(pattern) ? pattern : undefined;
}

export function isPattern(text: string): boolean {
  return /^\/[^\s?#\\]*$/u.test(text) && text.length <= 500 && text.split('*').length <= 2;
}
