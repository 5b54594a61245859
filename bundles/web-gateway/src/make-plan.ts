import type { SitePlan, SiteProblem, WebPlanMessage } from '@switchyard/bundle-sdk';
import { readHeaders } from './read-headers.ts';
import { readRedirects } from './read-redirects.ts';

export interface DeployFacts {
  readonly paths: readonly string[];
  /** Text of `_headers` and `_redirects`; empty where there is none. */
  readonly headers: string;
  readonly redirects: string;
  readonly settings: WebPlanMessage['settings'];
}

const MAX_PROBLEMS = 200;
/** `app.4f2a1c9e.js`, `index-DkQ3r8_x.css`: eight characters or more of a hash between a separator and the ending. */
const HASHED = /[.-](?=[A-Za-z0-9_-]*\d)(?:[0-9a-f]{8,64}|[A-Za-z0-9_-]{8,24})\.[a-z0-9]{1,8}$/u;
/** A date or a version in a name changes by hand, and may stay while the content changes. */
const BY_HAND = /[.-](?:\d{4}-\d{2}-\d{2}|\d+(?:[._-]\d+)*|[a-z]+)\.[a-z0-9]{1,8}$/u;
const PAGE = /\.html?$/u;

/** How a deploy is served, by the rules of 05. */
export function makePlan({ paths, headers, redirects, settings }: DeployFacts): SitePlan {
  const readHead = readHeaders(headers);
  const readMove = readRedirects(redirects);
  const hasFallback = settings.spa && paths.includes('index.html');
  const missing: SiteProblem[] =
    settings.spa && !hasFallback
      ? [{ file: 'index.html', line: 0, message: 'A single-page site needs an index.html.' }]
      : [];
  return {
    v: 1,
    index: 'index.html',
    extensions: settings.cleanUrls ? ['.html'] : [],
    notFound: '404.html',
    fallback: hasFallback ? 'index.html' : null,
    headers: readHead.rules,
    redirects: readMove.rules,
    immutable: paths.filter(isImmutable),
    hidden: ['_headers', '_redirects'].filter((path) => paths.includes(path)),
    problems: [...missing, ...readHead.problems, ...readMove.problems].slice(0, MAX_PROBLEMS),
  };
}

export function isImmutable(path: string): boolean {
  // `app.4f2a1c9e.js.map` is named as what it maps.
  const name = path.replace(/\.map$/u, '');
  return !PAGE.test(name) && HASHED.test(name) && !BY_HAND.test(name);
}
