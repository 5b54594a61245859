import { PlatformError } from '@switchyard/kernel';
import type { SiteManifest } from './manifest.ts';
import type { SiteRows } from './site-rows.ts';

export interface PublishLimits {
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  /** Of one deploy, without compressed forms. */
  readonly maxBytes: number;
}

/** Two bundles that publish into one site at the same time go one after the other; more tries than this are a fight. */
export const MAX_TRIES = 20;

export interface AmenderParts {
  readonly rows: SiteRows;
  readonly makeDeployId: () => string;
  readonly limits: PublishLimits;
  readonly onChange: (alias: string) => Promise<void>;
}

/** Deploys that are made of the active one. */
export function createAmender({ rows, makeDeployId, limits, onChange }: AmenderParts) {
  async function active(alias: string): Promise<{ deployId: string | null; manifest: SiteManifest }> {
    const site = await rows.find(alias);
    if (site === undefined) throw PlatformError.of('NOT_FOUND');
    if (site.active_deploy === null) return { deployId: null, manifest: {} };
    const deploy = await rows.findDeploy(alias, site.active_deploy);
    return { deployId: site.active_deploy, manifest: deploy?.manifest ?? {} };
  }

  async function add(alias: string, manifest: SiteManifest, createdBy: string): Promise<string> {
    requireBounds(manifest, limits);
    const deployId = makeDeployId();
    await rows.addDeploy(alias, { deployId, manifest, createdBy });
    return deployId;
  }

  /** A deploy that differs from the active one by `change`, made again when another one became active meanwhile. */
  async function amend<R>(
    alias: string,
    createdBy: string,
    change: (manifest: SiteManifest) => { manifest: SiteManifest; result: R } | undefined,
  ): Promise<{ deployId: string | null; result: R | undefined }> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const { deployId: expected, manifest } = await active(alias);
      const changed = change(manifest);
      if (changed === undefined) return { deployId: expected, result: undefined };
      const deployId = await add(alias, changed.manifest, createdBy);
      if (await rows.activate(alias, deployId, expected)) {
        await onChange(alias);
        return { deployId, result: changed.result };
      }
    }
    throw fought();
  }

  return { active, add, amend };
}

export function fought(): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'Others publish to this site all the time; try again.');
}

function requireBounds(manifest: SiteManifest, limits: PublishLimits): void {
  const files = Object.values(manifest);
  if (files.length > limits.maxFiles) throw tooMany(limits.maxFiles);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > limits.maxBytes)
    throw PlatformError.of('UNPROCESSABLE', `The site would hold ${bytes} bytes, of ${limits.maxBytes}.`);
}

export function tooMany(limit: number): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `The site would hold more than ${limit} files.`);
}
