import type { SiteAnswer } from './decide-answer.ts';
import { SHARED_ORIGIN_HEADERS, mayBeSetOnSharedOrigin } from './header-policy.ts';
import type { SiteVisit } from './site-visit.ts';

const YEAR_SEC = 31_536_000;

/** What is said of an answer beside its bytes: caching, the site's own rules, and what a shared origin asks for. */
export function decideHeaders(
  { loaded, address, path }: SiteVisit,
  answer: SiteAnswer & { kind: 'file' | 'redirect' | 'missing' },
): Map<string, string> {
  const { deploy, site, isPreview } = loaded;
  const isPublic = site.settings.access.kind === 'public';
  const headers = new Map<string, string>();
  const isForever = answer.kind === 'file' && answer.status === 200 && deploy.immutable.has(answer.path);
  // Between answers that are ours to say: a name that holds the hash of its content never means another one.
  const lifetime = isForever ? `max-age=${YEAR_SEC}, immutable` : 'max-age=0, must-revalidate';
  headers.set('cache-control', `${isPublic ? 'public' : 'private'}, ${lifetime}`);
  if (answer.kind !== 'redirect') {
    for (const [name, value] of deploy.headersFor(path.encoded)) {
      if (address.isShared && !mayBeSetOnSharedOrigin(name)) continue;
      // What not everybody may read is kept by no cache that others ask, whatever the rules say.
      if (name === 'cache-control' && !isPublic) continue;
      headers.set(name, value);
    }
    if (answer.isByKind) add(headers, 'vary', 'Accept, Sec-Fetch-Mode');
  }
  if (isPreview) headers.set('x-robots-tag', 'noindex');
  if (address.isShared) for (const [name, value] of SHARED_ORIGIN_HEADERS) add(headers, name, value);
  return headers;
}

/** Several policies of one name all count. */
function add(headers: Map<string, string>, name: string, value: string): void {
  const former = headers.get(name);
  headers.set(name, former === undefined ? value : `${value}, ${former}`);
}
