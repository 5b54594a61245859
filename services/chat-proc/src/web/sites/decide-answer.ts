import type { DynamicRoute, PatternMatch, SiteFile } from '@switchyard/web-store';
import { fill } from './loaded-deploy.ts';
import type { CompiledRedirect, LoadedDeploy } from './loaded-deploy.ts';
import type { MatchRoute } from './match-route.ts';
import type { RequestPath } from './read-request-path.ts';

/** What a request of a site is answered with. */
export type SiteAnswer =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly file: SiteFile;
      readonly status: 200 | 404;
      /** True: whether it is this answer or another one depends on what kind of request it was. */
      readonly isByKind: boolean;
    }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  /** `target`: path and query as the handler shall see them. */
  | { readonly kind: 'dynamic'; readonly route: DynamicRoute; readonly target: string }
  | { readonly kind: 'notAllowed' }
  | { readonly kind: 'missing'; readonly isByKind: boolean };

export interface SiteQuestion {
  readonly deploy: LoadedDeploy;
  /** Assets of deploys that served a short while ago. */
  readonly findRetained: (path: string) => SiteFile | undefined;
  readonly matchRoute: MatchRoute;
  readonly method: string;
  readonly path: RequestPath;
  /** With its question mark, or empty. */
  readonly search: string;
  readonly isNavigation: boolean;
  /** What stands before the site's paths in addresses: empty, or `/sites/{alias}`. */
  readonly base: string;
}

/**
 * The order of 05: forced redirects; a file; a dynamic route; redirects; the page of a single-page site; assets of former deploys; 404.
 * A file goes before a route, so that publishing one needs no thought of who answers below `/api/`.
 */
export function decideAnswer(question: SiteQuestion): SiteAnswer {
  const { method } = question;
  const isRead = method === 'GET' || method === 'HEAD';
  const forced = applyRedirects(question, true);
  if (forced !== undefined) return forced;
  const found = lookUp(question, question.path);
  if (found !== undefined && isRead) return found;
  const route = question.matchRoute(method, question.path.encoded);
  if (route !== undefined)
    return { kind: 'dynamic', route, target: `${question.path.encoded}${question.search}` };
  const redirect = found === undefined ? applyRedirects(question, false) : undefined;
  if (redirect !== undefined) return redirect;
  if (!isRead)
    return found !== undefined || question.deploy.plan.fallback !== null
      ? { kind: 'notAllowed' }
      : { kind: 'missing', isByKind: false };
  return fallBack(question);
}

function lookUp(
  { deploy, search, base }: SiteQuestion,
  { key, encoded }: RequestPath,
): SiteAnswer | undefined {
  const { files, plan } = deploy;
  const fileAt = (path: string): SiteAnswer | undefined => {
    const file = files.get(path);
    return file === undefined ? undefined : { kind: 'file', path, file, status: 200, isByKind: false };
  };
  const isFolder = key === '' || key.endsWith('/');
  if (isFolder) {
    const page = plan.index === null ? undefined : fileAt(`${key}${plan.index}`);
    if (page !== undefined || key === '') return page;
    const name = key.slice(0, -1);
    const hasClean = plan.extensions.some((extension) => files.has(name + extension));
    return hasClean ? moved(base, encoded.slice(0, -1), search) : undefined;
  }
  const exact = fileAt(key);
  if (exact !== undefined) return exact;
  for (const extension of plan.extensions) {
    const clean = fileAt(key + extension);
    if (clean !== undefined) return clean;
  }
  return plan.index !== null && files.has(`${key}/${plan.index}`)
    ? moved(base, `${encoded}/`, search)
    : undefined;
}

/** `path` has no empty segment where it names a file or a folder, so it can never be read as the name of a host. */
function moved(base: string, path: string, search: string): SiteAnswer {
  return { kind: 'redirect', status: 308, location: `${base}${path}${search}` };
}

function applyRedirects(question: SiteQuestion, isForced: boolean): SiteAnswer | undefined {
  for (const rule of question.deploy.redirects) {
    if (rule.isForced !== isForced) continue;
    const match = matchRule(rule, question);
    if (match === undefined) continue;
    const answer = follow(question, rule, match);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function matchRule(rule: CompiledRedirect, { path, search }: SiteQuestion): PatternMatch | undefined {
  const match = rule.from.match(path.encoded);
  if (match === undefined || rule.query.length === 0) return match;
  const given = new URLSearchParams(search);
  const found: Record<string, string> = { ...match };
  for (const [name, wanted] of rule.query) {
    const value = given.get(name);
    if (value === null) return undefined;
    if (wanted.startsWith(':')) found[wanted.slice(1)] = encodeURIComponent(value);
    else if (wanted !== value) return undefined;
  }
  return found;
}

const ORIGIN = /^https?:\/\/[^/]*/u;

function follow(question: SiteQuestion, rule: CompiledRedirect, match: PatternMatch): SiteAnswer | undefined {
  const origin = ORIGIN.exec(rule.to)?.[0] ?? '';
  const filled = fill(rule.to.slice(origin.length), match);
  // What stands for a splat may begin with a slash, and two of them at the front would name a host.
  const target = origin === '' ? `/${filled.replace(/^\/+/u, '')}` : filled;
  if (rule.status !== 200 && rule.status !== 404) {
    const search = target.includes('?') || rule.query.length > 0 ? '' : question.search;
    const location = origin === '' ? `${question.base}${target}${search}` : `${origin}${target}${search}`;
    return { kind: 'redirect', status: rule.status, location };
  }
  return origin === '' ? rewrite(question, target, rule.status) : undefined;
}

/** Another file, or a route, under the address that was asked for. */
function rewrite(question: SiteQuestion, target: string, status: 200 | 404): SiteAnswer | undefined {
  const at = target.indexOf('?');
  const encoded = at < 0 ? target : target.slice(0, at);
  const key = decodeKey(encoded);
  if (key === undefined) return undefined;
  const found = lookUp(question, { encoded, key });
  const isRead = question.method === 'GET' || question.method === 'HEAD';
  if (found?.kind === 'file' && isRead) return { ...found, status };
  if (found?.kind === 'file') return { kind: 'notAllowed' };
  const route = status === 200 ? question.matchRoute(question.method, encoded) : undefined;
  const search = at < 0 ? question.search : target.slice(at);
  return route === undefined ? undefined : { kind: 'dynamic', route, target: `${encoded}${search}` };
}

function decodeKey(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.slice(1));
  } catch {
    return undefined;
  }
}

function fallBack({ deploy, path, isNavigation, findRetained }: SiteQuestion): SiteAnswer {
  const { files, plan } = deploy;
  const page = plan.fallback === null ? undefined : files.get(plan.fallback);
  if (page !== undefined && plan.fallback !== null && isNavigation)
    return { kind: 'file', path: plan.fallback, file: page, status: 200, isByKind: true };
  const retained = findRetained(path.key);
  if (retained !== undefined)
    return { kind: 'file', path: path.key, file: retained, status: 200, isByKind: page !== undefined };
  const isByKind = page !== undefined;
  for (let folder = parentOf(path.key); plan.notFound !== null; folder = parentOf(folder.slice(0, -1))) {
    const file = files.get(`${folder}${plan.notFound}`);
    if (file !== undefined)
      return { kind: 'file', path: `${folder}${plan.notFound}`, file, status: 404, isByKind };
    if (folder === '') break;
  }
  return { kind: 'missing', isByKind };
}

/** `a/b/c` and `a/b/` lie in `a/b/`. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
