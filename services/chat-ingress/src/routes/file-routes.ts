import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { idSchema } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import type { BlobStore, FileRow, Files } from '@switchyard/store';
import { z } from 'zod';
import { sendBlob } from '../files/send-blob.ts';
import type { IdentifyRequest } from '../identify-request.ts';
import { checkScope, turnParams } from '../scope-guard.ts';

export interface FileRouteParts {
  identify: IdentifyRequest;
  scope: TenantProject;
  files: Pick<Files, 'find'>;
  blobs: Pick<BlobStore, 'open'>;
}

// User ids are free strings of an identity provider.
const fileParams = turnParams.extend({ owner: z.string().min(1).max(512), file: idSchema });
type FileParams = z.output<typeof fileParams>;

const BASE = '/api/cb/resources/:tenant/:project/conv/:owner/:cid/turn/:turn/attachment/:file';
const RESOURCE = /^conv\/([^/]+)\/([^/]+)\/turn\/([^/]+)\/attachment\/([^/]+)$/;
const tag = 'files';

/** Files of turns: attachments of the user, and what a bundle produced. */
export function createFileRoutes({ identify, scope, files, blobs }: FileRouteParts): Route[] {
  async function find(
    req: Request,
    res: Response,
    params: Omit<FileParams, 'tenant' | 'project'>,
  ): Promise<FileRow> {
    const caller = await identify(req, res);
    const row = mayRead(caller, params.owner)
      ? await files.find(params.cid, params.turn, params.file)
      : undefined;
    // Not yours, not there, of somebody else: the same answer.
    if (row === undefined || row.user_id !== params.owner) throw PlatformError.of('NOT_FOUND');
    return row;
  }

  const serve = (disposition: 'preview' | 'download') =>
    defineRoute({
      method: 'get',
      path: `${BASE}/${disposition}`,
      summary: disposition === 'preview' ? 'A file to look at.' : 'A file to save.',
      tag,
      guard: 'owner',
      params: fileParams,
      produces: 'application/octet-stream',
      handle: async ({ params, req, res }) => {
        checkScope(scope, params);
        await sendBlob(blobs, req, res, await find(req, res, params), disposition);
      },
    });

  return [
    serve('preview'),
    serve('download'),
    defineRoute({
      method: 'post',
      path: '/api/cb/resources/by-rn',
      summary: 'What a resource name stands for.',
      tag,
      guard: 'owner',
      body: z.object({ rn: z.string().min(1).max(2000) }),
      answer: z.object({
        rn: z.string(),
        filename: z.string(),
        mime: z.string(),
        size: z.number(),
        preview_url: z.string(),
        download_url: z.string(),
      }),
      handle: async ({ body, req, res }) => {
        const [, owner, cid, turn, file] = RESOURCE.exec(body.rn) ?? [];
        const params = fileParams
          .omit({ tenant: true, project: true })
          .safeParse({ owner: decode(owner), cid, turn, file });
        if (!params.success) throw PlatformError.of('NOT_FOUND');
        const { filename, mime, size } = await find(req, res, params.data);
        const base = `/api/cb/resources/${scope.tenant}/${scope.project}/conv/${encodeURIComponent(params.data.owner)}/${cid}/turn/${turn}/attachment/${file}`;
        return {
          rn: body.rn,
          filename,
          mime,
          size,
          preview_url: `${base}/preview`,
          download_url: `${base}/download`,
        };
      },
    }),
  ];
}

function mayRead(caller: Caller, owner: string): boolean {
  return caller.userId === owner || caller.userType === 'privileged';
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
