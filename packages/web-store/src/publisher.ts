import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { SiteProblem } from '@switchyard/protocol';
import type { SiteFile } from './manifest.ts';
import type { SiteContents } from './site-contents.ts';
import { MAX_TRIES, createAmender, fought, tooMany } from './amender.ts';
import type { PublishLimits } from './amender.ts';
import { isWithin } from './site-path.ts';
import type { SiteRows } from './site-rows.ts';
import { createFileStorer, refusePath, requirePath } from './store-files.ts';
import type { FileToPublish } from './store-files.ts';

export interface PublisherParts {
  readonly rows: SiteRows;
  readonly contents: Pick<SiteContents, 'put'>;
  readonly clock: Clock;
  /** Small letters and digits: part of a host name. */
  readonly makeDeployId: () => string;
  readonly limits: PublishLimits;
  /** Asked before a whole deploy becomes active, so that its author hears what is wrong with its rules. */
  readonly checkPlan: (alias: string, deployId: string) => Promise<readonly SiteProblem[]>;
  /** Another deploy serves, or the site's settings are others. */
  readonly onChange: (alias: string) => Promise<void>;
}

export interface DeployOptions {
  readonly createdBy: string;
  /** Files of the active deploy outside of this folder stay. */
  readonly below?: string;
  /** False: it is there under its preview address alone. */
  readonly isActivated?: boolean;
}

export interface MadeDeploy {
  readonly deployId: string;
  readonly problems: readonly SiteProblem[];
}

export type Publisher = ReturnType<typeof createPublisher>;

/**
 * Makes deploys. What is wrong with a path, a type or a size throws UNPROCESSABLE with the path; a site that is not there, NOT_FOUND.
 */
export function createPublisher({
  rows,
  contents,
  clock,
  makeDeployId,
  limits,
  checkPlan,
  onChange,
}: PublisherParts) {
  const storer = createFileStorer({ contents, clock, maxFileBytes: limits.maxFileBytes });

  const { active, add, amend } = createAmender({ rows, makeDeployId, limits, onChange });

  return {
    /** A whole set of files at once. Nobody sees a part of it. */
    async deploy(
      alias: string,
      files: readonly FileToPublish[],
      { createdBy, below = '', isActivated = true }: DeployOptions,
    ): Promise<MadeDeploy> {
      if (files.length > limits.maxFiles) throw tooMany(limits.maxFiles);
      const stored = await storer.all(files);
      requireDifferent(stored.map(({ path }) => path));
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const { deployId: expected, manifest: former } = await active(alias);
        const kept = Object.entries(former).filter(([path]) => below !== '' && !isWithin(below, path));
        const set = stored.map(({ path, file }) => [path, sinceWhen(former[path], file)] as const);
        const deployId = await add(alias, Object.fromEntries([...kept, ...set]), createdBy);
        const problems = await checkPlan(alias, deployId);
        if (!isActivated) return { deployId, problems };
        // A whole deploy says all there is, so it goes over whatever is active; one below a folder builds on what it saw.
        const isActive = await rows.activate(alias, deployId, below === '' ? undefined : expected);
        if (!isActive) continue;
        await onChange(alias);
        return { deployId, problems };
      }
      throw fought();
    },
    async publish(alias: string, given: FileToPublish, createdBy: string) {
      const { path, file } = await storer.one(given);
      const { deployId, result } = await amend(alias, createdBy, (manifest) => ({
        manifest: { ...manifest, [path]: sinceWhen(manifest[path], file) },
        result: !Object.hasOwn(manifest, path),
      }));
      return { path, version: deployId ?? '', created: result === true };
    },
    async unpublish(alias: string, text: string, createdBy: string) {
      const path = requirePath(text);
      const { result } = await amend(alias, createdBy, (manifest) => {
        if (!Object.hasOwn(manifest, path)) return undefined;
        const { [path]: _gone, ...rest } = manifest;
        return { manifest: rest, result: true };
      });
      return { path, deleted: result === true };
    },
    /**
     * Activates a former deploy; without an id, the one that served before. Throws NOT_FOUND: there is none.
     */
    async rollback(alias: string, deployId?: string): Promise<string> {
      const wanted = deployId ?? (await rows.formerDeploy(alias));
      if (wanted === undefined || !(await rows.activate(alias, wanted))) throw PlatformError.of('NOT_FOUND');
      await onChange(alias);
      return wanted;
    },
    active,
  };
}

/** The same content under the same path was last modified when it came there. */
function sinceWhen(former: SiteFile | undefined, file: SiteFile): SiteFile {
  const isSame = former !== undefined && former.sha256 === file.sha256 && former.type === file.type;
  return isSame ? { ...file, modified: former.modified } : file;
}

function requireDifferent(paths: readonly string[]): void {
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(path)) throw refusePath(path, 'the path is there twice');
    seen.add(path);
  }
}
