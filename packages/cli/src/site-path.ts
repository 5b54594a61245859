export const SITES = '/admin/integrations/sites';

export const sitePath = (site: string, ...rest: readonly string[]): string =>
  [SITES, ...[site, ...rest].map(encodeURIComponent)].join('/');

/** A deploy as the server tells of it. */
export interface DeployView {
  readonly id: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly is_active: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  /** Of its preview. */
  readonly url: string;
}
