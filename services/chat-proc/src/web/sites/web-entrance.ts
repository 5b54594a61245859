import type { CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { WebOp, WebScope } from '@switchyard/protocol';
import { narrowScope, siteAliasSchema } from '@switchyard/web-store';
import type { NarrowedScope, SiteRows } from '@switchyard/web-store';

const MAKES: ReadonlySet<WebOp> = new Set(['publish', 'deploy', 'route']);

/** Lets a call in to the one site that it names, which is made where it is the bundle's own and not there yet. */
export function createEntrance(rows: SiteRows) {
  return async (caller: CapabilityCaller, asked: WebScope | undefined, op: WebOp): Promise<NarrowedScope> => {
    const { bundleId } = caller;
    const ownSite = bundleId
      .toLowerCase()
      .replace(/[^a-z0-9]+/gu, '-')
      .replace(/^-|-$/gu, '');
    const narrowed = narrowScope(caller.webScope, asked, { op, ownSite });
    const { site } = narrowed;
    const isNamed = site === (caller.webScope?.site ?? ownSite);
    if (MAKES.has(op) && isNamed && siteAliasSchema.safeParse(site).success)
      await rows.create(site, bundleId);
    const row = await rows.find(site);
    const isOwn = row?.owner === bundleId || row?.settings.publishers.includes(bundleId) === true;
    // One that is not there and one that is somebody else's are the same to a bundle.
    if (!isOwn)
      throw PlatformError.of('CAPABILITY_DENIED', `The bundle may not use the site "${site}".`, {
        details: { site },
      });
    return narrowed;
  };
}
