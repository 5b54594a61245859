/** Host names that are sites also on the platform's port: `docs.example.com`, or `*.example.com` for one label before it. */
export type MatchesSiteHost = (host: string | undefined) => boolean;

/** Without port and last dot, in small letters; empty where there is none. */
export const hostNameOf = (host: string | undefined): string =>
  (host ?? '').toLowerCase().replace(/:\d*$/u, '').replace(/\.$/u, '');

export const createSiteHosts = (patterns: readonly string[]): MatchesSiteHost => {
  const names = new Set(patterns.map((pattern) => pattern.toLowerCase()));
  if (names.size === 0) return () => false;
  return (host) => {
    const name = hostNameOf(host);
    const dot = name.indexOf('.');
    return names.has(name) || (dot > 0 && names.has(`*${name.slice(dot)}`));
  };
};
