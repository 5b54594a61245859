import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import { unpackArchive } from '@switchyard/registry';
import type { ArchiveRules } from '@switchyard/registry';
import type { FileToPublish, Publisher, SiteRows } from '@switchyard/web-store';
import { z } from 'zod';
import { receiveBody } from '../../admin/receive-body.ts';
import type { Guards } from '../../caller-of.ts';
import type { createDeployViews } from '../sites/deploy-view.ts';
import { deployViewSchema } from './deploy-routes.ts';
import { SITE, siteParams } from './site-routes.ts';

export interface UploadDeployParts {
  readonly guards: Pick<Guards, 'admin'>;
  readonly audited: Audited;
  readonly rows: Pick<SiteRows, 'create' | 'find'>;
  readonly publisher: Pick<Publisher, 'deploy'>;
  readonly views: ReturnType<typeof createDeployViews>;
  readonly ids: Pick<Ids, 'token'>;
  /** Where archives lie while they are read: the bundle store, which sweeps what was left behind. */
  readonly storeDir: string;
  readonly maxArchiveBytes: number;
  readonly limits: ArchiveRules['limits'];
}

const isSet = z.enum(['0', '1', 'false', 'true']).transform((text) => text === '1' || text === 'true');

/** `POST .../deploys`: all files of a site at once, as an archive. Nobody sees a part of them. */
export function createUploadDeploy(parts: UploadDeployParts): Route {
  const { guards, audited, rows, publisher, views } = parts;
  return defineRoute({
    tag: 'administration',
    guard: 'admin',
    method: 'post',
    path: `${SITE}/deploys`,
    summary:
      'Deploy a site from an archive (zip, tar or tar.gz as the body), which is made where it is not there; `activate=0`: a preview alone',
    params: siteParams,
    query: z.object({ activate: isSet.prefault('1') }),
    readsBody: true,
    answer: deployViewSchema.extend({ site_url: z.string() }),
    async handle({ params: { alias }, query: { activate: isActivated }, req, res }) {
      const caller = await guards.admin(req, res);
      if (req.is('multipart/*') !== false)
        throw PlatformError.of(
          'UNSUPPORTED_MEDIA_TYPE',
          'The archive is the body itself, not a form around it.',
        );
      const file = path.join(parts.storeDir, `.tmp-archive-${parts.ids.token(9)}`);
      const dir = path.join(parts.storeDir, `.tmp-site-${parts.ids.token(9)}`);
      await mkdir(parts.storeDir, { recursive: true });
      try {
        return await audited({ caller, req, res }, 'site.deploy', alias, async () => {
          await receiveBody(req, file, parts.maxArchiveBytes);
          await unpackArchive(file, dir, { limits: parts.limits, isFolderKept: true, isLeftOut });
          await rows.create(alias, null);
          const before = await rows.find(alias);
          const createdBy = caller.username ?? caller.userId;
          const { deployId } = await publisher.deploy(alias, await filesOf(dir), { createdBy, isActivated });
          const view = await views.find(alias, deployId);
          return {
            before: { deploy: before?.active_deploy ?? null },
            after: { deploy: deployId, files: view.files, bytes: view.bytes, is_active: view.is_active },
            answer: { ...view, site_url: views.siteUrl(alias) },
          };
        });
      } finally {
        await rm(file, { force: true });
        await rm(dir, { recursive: true, force: true });
      }
    },
  });
}

/** Names that begin with a dot are of tools, and some of them hold passwords: but one is of the web. */
function isLeftOut(target: string): boolean {
  return target
    .split('/')
    .some((segment) => segment === '__MACOSX' || (segment.startsWith('.') && segment !== '.well-known'));
}

async function filesOf(dir: string): Promise<FileToPublish[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({
      path: path.relative(dir, file).split(path.sep).join('/'),
      source: () => createReadStream(file),
    }));
}
