import type { Request, Response } from 'express';
import { defineRoute, markAudited } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { formatTimestamp, idSchema } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import type { Log } from '@switchyard/telemetry';
import { z } from 'zod';
import { decideAccess } from './decide-access.ts';
import type { Action, ServiceName } from './decide-access.ts';
import { FOLDERS, spellFolder } from './secret-name.ts';
import type { SecretFolder } from './secret-name.ts';
import type { SecretInfo, SecretShelf } from './secret-shelf.ts';

export const BUNDLE_HEADER = 'x-bundle-id';

const infoSchema = z.object({ key: z.string(), version: z.number().int(), updated_at: z.string() });
const listSchema = z.object({ items: z.array(infoSchema) });
const putSchema = z.object({ value: z.string().min(1) });
const tag = 'secrets';
const guard = 'admin';

export interface RouteParts {
  shelf: SecretShelf;
  authenticate: (authorization: string | undefined) => ServiceName;
  scope: TenantProject;
  log: Log;
}

/** PUT, GET, DELETE of one secret and LIST of a folder, for each kind of folder. */
export function createSecretRoutes(parts: RouteParts): Route[] {
  return (['bundles', 'users', 'platform'] as const).flatMap((kind) => routesOf(kind, parts));
}

function routesOf(kind: keyof typeof FOLDERS, { shelf, authenticate, scope, log }: RouteParts): Route[] {
  const { path, params } = FOLDERS[kind];
  const folderPath = `/v1${path}`;
  const keyPath = `${folderPath}/:key`;
  const keyParams = z.object({ ...params.shape, key: idSchema });

  /** Throws unless the caller may; writes who did what to which name, and never a value. */
  function enter(req: Request, res: Response, action: Action, given: object): SecretFolder {
    const service = authenticate(req.get('authorization'));
    const folder = { ...given, kind } as SecretFolder;
    const bundle = req.get(BUNDLE_HEADER);
    const verdict = decideAccess({ service, action, folder, bundle, scope });
    log.info('secret access', {
      caller: service,
      action,
      method: req.method,
      folder: spellFolder(folder),
      key: keyOf(given),
      verdict,
    });
    markAudited(res);
    if (verdict === 'foreign-scope') throw PlatformError.of('FOREIGN_SCOPE');
    if (verdict === 'forbidden') throw PlatformError.of('FORBIDDEN');
    return folder;
  }

  return [
    defineRoute({
      method: 'put',
      path: keyPath,
      summary: `Sets a secret of ${kind}`,
      tag,
      guard,
      params: keyParams,
      body: putSchema,
      answer: infoSchema,
      handle: ({ req, res, params: given, body }) =>
        toInfo(shelf.put(enter(req, res, 'write', given), given.key, body.value)),
    }),
    defineRoute({
      method: 'get',
      path: keyPath,
      summary: `Reads a secret of ${kind}`,
      tag,
      guard,
      params: keyParams,
      answer: infoSchema.extend({ value: z.string() }),
      handle({ req, res, params: given }) {
        const found = shelf.get(enter(req, res, 'read', given), given.key);
        if (found === undefined) throw PlatformError.of('NOT_FOUND');
        return { ...toInfo(found), value: found.value };
      },
    }),
    defineRoute({
      method: 'delete',
      path: keyPath,
      summary: `Forgets a secret of ${kind}`,
      tag,
      guard,
      params: keyParams,
      answer: z.object({ deleted: z.boolean() }),
      handle: ({ req, res, params: given }) => ({
        deleted: shelf.delete(enter(req, res, 'write', given), given.key),
      }),
    }),
    defineRoute({
      method: 'get',
      path: folderPath,
      summary: `Lists names of ${kind}`,
      tag,
      guard,
      params,
      answer: listSchema,
      handle: ({ req, res, params: given }) => ({
        items: shelf.list(enter(req, res, 'list', given)).map(toInfo),
      }),
    }),
  ];
}

function toInfo({ key, version, updatedAt }: SecretInfo): z.output<typeof infoSchema> {
  return { key, version, updated_at: formatTimestamp(updatedAt) };
}

function keyOf(given: object): string | undefined {
  return 'key' in given && typeof given.key === 'string' ? given.key : undefined;
}
