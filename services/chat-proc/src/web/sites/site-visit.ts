import type { LoadedSite } from './load-site.ts';
import type { RequestPath } from './read-request-path.ts';
import type { SiteAddress } from './site-address.ts';

/** A request whose site is known. */
export interface SiteVisit {
  readonly loaded: LoadedSite;
  readonly address: SiteAddress;
  readonly path: RequestPath;
  /** With its question mark, or empty. */
  readonly search: string;
}
