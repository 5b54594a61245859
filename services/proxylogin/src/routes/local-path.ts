const BASE = 'http://here.invalid';
const MAX_CHARACTERS = 2000;
/** The others lead on to somewhere themselves. */
const OWN_PAGES = new Set(['/auth/account', '/auth/password']);

/** A place of ours to go to, from what a query or a form says. Everything that a browser could read as another site is `/`. */
export function readLocalPath(text: unknown): string {
  if (typeof text !== 'string' || text.length > MAX_CHARACTERS || !text.startsWith('/')) return '/';
  // Browsers take tabs and line breaks out and turn `\` round before they read an address.
  if (/[\\\p{Cc}]/u.test(text) || !URL.canParse(text, BASE)) return '/';
  const { origin, pathname, search, hash } = new URL(text, BASE);
  const isElsewhere = origin !== BASE || pathname.startsWith('//');
  const isOurs = !isElsewhere && (!pathname.startsWith('/auth/') || OWN_PAGES.has(pathname));
  return isOurs ? `${pathname}${search}${hash}` : '/';
}
