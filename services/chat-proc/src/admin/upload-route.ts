import { writeFile } from 'node:fs/promises';
import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { defineRoute, readMultipart } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { BundleStore, Registration, Sources } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import { receiveBody } from './receive-body.ts';

export interface UploadRouteParts {
  guards: Guards;
  audited: Audited;
  sources: Pick<Sources, 'upload'>;
  /** Where archives lie while they are read. */
  bundleStore: Pick<BundleStore, 'withPlace'>;
  maxBytes: number;
}

const MAX_FIELD_BYTES = 1024;
const querySchema = z.object({ id: idSchema.optional() });

/** `POST .../upload` (03 §7): the archive as the body, or as the file of a form. */
export function createUploadRoute(parts: UploadRouteParts): Route {
  return defineRoute({
    method: 'post',
    path: '/admin/integrations/bundles/upload',
    summary: 'Register a bundle from an archive: zip, tar or tar.gz, as the body or as a file of a form',
    tag: 'administration',
    guard: 'admin',
    query: querySchema,
    readsBody: true,
    answer: z.object({ status: z.enum(['ok', 'unchanged']), bundle_id: z.string(), version: z.string() }),
    async handle({ query, req, res }) {
      const caller = await parts.guards.admin(req, res);
      return parts.bundleStore.withPlace(async (file) => {
        const named = await receive(req, file, parts.maxBytes);
        const id = query.id ?? named;
        return await parts.audited({ caller, req, res }, 'bundle.upload', id ?? '?', async () => {
          const { bundleId, versionId, isNew } = await register(parts.sources.upload(file, { id }));
          const answer = { status: isNew ? 'ok' : 'unchanged', bundle_id: bundleId, version: versionId };
          return { before: null, after: { version: versionId }, answer };
        });
      });
    },
  });
}

/** Writes the archive to `file`. Returns the id that a form's field named. */
async function receive(req: Request, file: string, maxBytes: number): Promise<string | undefined> {
  if (req.is('multipart/form-data') !== false) {
    const form = await readMultipart(req, { maxBytes, maxFiles: 1, maxFieldBytes: MAX_FIELD_BYTES });
    const [archive] = form.files;
    if (archive === undefined)
      throw PlatformError.of('INVALID_REQUEST', 'The form has no file.', { details: { field: 'file' } });
    await writeFile(file, archive.bytes, { flag: 'wx' });
    const id = form.fields.get('id');
    return id === undefined ? undefined : readId(id);
  }
  await receiveBody(req, file, maxBytes);
  return undefined;
}

function readId(text: string): string {
  const parsed = idSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw PlatformError.of('INVALID_REQUEST', 'id: not a valid id', { details: { field: 'id' } });
}

/** With a cause these say how the code, or the process that ran it, ended while it was loaded. */
const AUTHORS: ReadonlySet<string> = new Set([
  'BUNDLE_ERROR',
  'BUNDLE_CRASHED',
  'BUNDLE_BLOCKED',
  'BUNDLE_UNAVAILABLE',
]);

/** An author whose code does not load needs the reason, and a script a status that says so. */
async function register(registering: Promise<Registration>): Promise<Registration> {
  try {
    return await registering;
  } catch (error) {
    if (!(error instanceof PlatformError) || !AUTHORS.has(error.code) || error.cause === undefined)
      throw error;
    throw PlatformError.of('UNPROCESSABLE', `The bundle does not load: ${describeFailure(error)}`, {
      cause: error,
    });
  }
}
