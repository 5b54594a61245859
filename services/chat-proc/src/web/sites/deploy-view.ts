import { PlatformError } from '@switchyard/kernel';
import type { DeployRow, SiteRows } from '@switchyard/web-store';
import type { SiteUrls } from './site-urls.ts';

export interface DeployViewParts {
  readonly rows: Pick<SiteRows, 'findDeploy'>;
  readonly urls: SiteUrls;
}

/** Deploys as bundles, the console and the command line see them. */
export function createDeployViews({ rows, urls }: DeployViewParts) {
  const of = (alias: string, row: DeployRow) => {
    const { deploy_id: id, created_at, created_by, is_active, files, bytes, problems } = row;
    const url = urls.of(alias, '', id);
    return { id, created_at: created_at.toISOString(), created_by, is_active, files, bytes, problems, url };
  };
  return {
    of,
    /** Of whichever deploy serves. */
    siteUrl: (alias: string): string => urls.of(alias, ''),
    /** Throws NOT_FOUND. */
    async find(alias: string, deployId: string) {
      const row = await rows.findDeploy(alias, deployId);
      if (row === undefined) throw PlatformError.of('NOT_FOUND');
      return of(alias, row);
    },
  };
}
