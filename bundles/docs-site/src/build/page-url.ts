import path from 'node:path';

const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/iu;

/** `how-to/stop-a-turn.md` -> `how-to/stop-a-turn`; the README of the documentation is the first page. */
export function urlOfFile(file: string): string {
  return file === 'README.md' ? '' : file.replace(/\.md$/u, '');
}

/** What leads from a page to the root of the site: empty for a page there, `../` one folder below. */
export function rootOf(url: string): string {
  return '../'.repeat(url.split('/').length - 1);
}

/**
 * Where a link of a page leads on the site: relative, so that it holds below `/sites/docs/` as well. Undefined: to a file of the
 * repository that is no part of the site.
 *
 * @param file of the page, below the folder of the documentation
 */
export function hrefOf(file: string, link: string): string | undefined {
  if (link.startsWith('#') || ELSEWHERE.test(link)) return link;
  const [target = '', anchor] = link.split('#', 2);
  const full = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
  if (full.startsWith('../') || !/\.(?:md|png|svg|jpg)$/u.test(full)) return undefined;
  const url = full.endsWith('.md') ? urlOfFile(full) : full;
  const href = `${rootOf(urlOfFile(file))}${url}`;
  return `${href === '' ? './' : href}${anchor === undefined ? '' : `#${anchor}`}`;
}
