import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { formatTimestamp, idSchema } from '@switchyard/protocol';
import { z } from 'zod';
import { createSecretGate } from './secret-gate.ts';
import type { GateParts } from './secret-gate.ts';
import { FOLDERS, spellFolder } from './secret-name.ts';
import type { SecretInfo, SecretShelf } from './secret-shelf.ts';

const infoSchema = z.object({ key: z.string(), version: z.number().int(), updated_at: z.string() });
const listSchema = z.object({ items: z.array(infoSchema) });
const putSchema = z.object({ value: z.string().min(1) });
const grantSchema = z.strictObject({
  keys: z.array(idSchema).min(1).max(100),
  uses: z.int().min(1).max(1000).default(1),
  ttl_seconds: z.int().min(1).max(3600).default(60),
});
const tag = 'secrets';
const guard = 'admin';

export interface RouteParts extends GateParts {
  shelf: SecretShelf;
}

/** PUT, GET, DELETE of one secret and LIST of a folder, for each kind of folder. */
export function createSecretRoutes(parts: RouteParts): Route[] {
  return (['bundles', 'users', 'platform'] as const).flatMap((kind) => routesOf(kind, parts));
}

function routesOf(kind: keyof typeof FOLDERS, parts: RouteParts): Route[] {
  const { shelf, readTokens } = parts;
  const { path, params } = FOLDERS[kind];
  const folderPath = `/v1${path}`;
  const keyPath = `${folderPath}/:key`;
  const keyParams = z.object({ ...params.shape, key: idSchema });

  const { enter, enterToRead } = createSecretGate(kind, parts);

  return [
    defineRoute({
      method: 'post',
      path: `${folderPath}/read-tokens`,
      summary: `A token that reads some secrets of ${kind}, so many times and so long`,
      tag,
      guard,
      params,
      body: grantSchema,
      answer: z.object({ token: z.string(), uses: z.number(), ttl_seconds: z.number() }),
      handle({ req, res, params: given, body: { keys, uses, ttl_seconds: ttl } }) {
        // Who may not read gives no one leave to.
        const folder = spellFolder(enter(req, res, 'read', given));
        const token = readTokens.make({ folder, keys, uses, ttlMs: ttl * 1000 });
        return { token, uses, ttl_seconds: ttl };
      },
    }),
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
        const found = shelf.get(enterToRead(req, res, given), given.key);
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
