import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { createJsonReader, readMultipart } from '@switchyard/http';
import { z } from 'zod';
import type { RawFile } from './match-files.ts';
import { normalisePlainMessage, normaliseSubmission } from './normalise-submission.ts';
import type { IncomingMessage, TextLimits } from './normalise-submission.ts';
import type { UploadBudget } from './upload-budget.ts';

export interface ReadLimits extends TextLimits {
  maxMessageBytes: number;
  maxAttachments: number;
}

export interface ReadMessage {
  message: IncomingMessage;
  files: RawFile[];
}

/** Files of the JSON form: content as base64. */
const jsonFiles = z.object({
  attachments: z
    .array(
      z.object({
        filename: z.string().min(1).max(255),
        mime: z.string().max(256).default(''),
        data: z.base64(),
      }),
    )
    .nullish(),
});

/** Reads a message from a request, JSON or multipart; both forms end in one shape (03 §4). */
export function createMessageReader(limits: ReadLimits, budget: UploadBudget) {
  const readJson = createJsonReader(limits.maxMessageBytes);
  const normalise = { submission: normaliseSubmission, plain: normalisePlainMessage };

  async function read(req: Request, res: Response, form: 'submission' | 'plain'): Promise<ReadMessage> {
    if (req.is('multipart/form-data') === false || req.is('multipart/form-data') === null) {
      const body = await readJson(req, res);
      return { message: normalise[form](body, limits), files: form === 'plain' ? filesOfJson(body) : [] };
    }
    const maxFiles = limits.maxAttachments + 1; // one more, so that the refusal can name the file that is too many
    const { fields, files } = await readMultipart(req, {
      maxBytes: limits.maxMessageBytes,
      maxFiles,
      maxFieldBytes: limits.maxEventsBytes,
    });
    const body = form === 'plain' ? Object.fromEntries(fields) : parseField(fields, 'event_submission');
    return { message: normalise[form](body, limits), files };
  }

  return async (
    req: Request,
    res: Response,
    form: 'submission' | 'plain',
  ): Promise<ReadMessage & { release: () => void }> => {
    const announced = Number(req.headers['content-length'] ?? limits.maxMessageBytes);
    const release = budget.take(Math.min(announced, limits.maxMessageBytes));
    try {
      return { ...(await read(req, res, form)), release };
    } catch (error) {
      release();
      throw error;
    }
  };
}

function parseField(fields: ReadonlyMap<string, string>, name: string): unknown {
  const text = fields.get(name);
  if (text === undefined)
    throw PlatformError.of('INVALID_REQUEST', `${name}: required`, { details: { field: name } });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw PlatformError.of('INVALID_JSON', `${name}: not valid JSON`, {
      details: { field: name },
      cause: error,
    });
  }
}

function filesOfJson(body: unknown): RawFile[] {
  const parsed = jsonFiles.safeParse(body);
  if (!parsed.success)
    throw PlatformError.of('INVALID_REQUEST', 'attachments: each needs filename and data as base64', {
      details: { field: 'attachments' },
    });
  return (parsed.data.attachments ?? []).map(({ filename, mime, data }) => ({
    filename,
    mime,
    bytes: Buffer.from(data, 'base64'),
  }));
}
