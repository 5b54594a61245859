import type { IncomingMessage } from 'node:http';
import busboy from 'busboy';
import { PlatformError } from '@switchyard/kernel';

export interface UploadedFile {
  /** Form field that carried it. */
  field: string;
  filename: string;
  /** What the client says it is; never trusted. */
  mime: string;
  bytes: Buffer;
}

export interface MultipartForm {
  fields: Map<string, string>;
  /** In the order of the form. */
  files: UploadedFile[];
}

export interface MultipartLimits {
  /** All parts together, in bytes. */
  maxBytes: number;
  maxFiles: number;
  /** One text field, in bytes. */
  maxFieldBytes: number;
}

const MAX_FIELDS = 32;

/**
 * Reads a multipart form into memory, bounded by `maxBytes`. Throws INVALID_REQUEST for a form that cannot be read and
 * TOO_LARGE over a limit; the rest of a refused request is left unread, so the connection ends with the answer.
 */
export function readMultipart(req: IncomingMessage, limits: MultipartLimits): Promise<MultipartForm> {
  return new Promise((resolve, reject) => {
    const form: MultipartForm = { fields: new Map(), files: [] };
    let total = 0;
    const parser = openParser(req, limits, reject);
    if (parser === undefined) return;
    const fail = (error: Error) => {
      req.unpipe(parser);
      // Discards what still arrives: an answer can only be read by a client that may finish writing.
      req.resume();
      reject(error);
    };
    const count = (size: number) => {
      total += size;
      if (total > limits.maxBytes) fail(tooLarge(limits.maxBytes));
    };
    parser.on('field', (name, value, info) => {
      if (info.valueTruncated) return fail(tooLarge(limits.maxFieldBytes, name));
      count(Buffer.byteLength(value));
      form.fields.set(name, value);
    });
    parser.on('file', (field, stream, { filename, mimeType }) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        count(chunk.length);
        if (total <= limits.maxBytes) chunks.push(chunk);
      });
      // A part that is cut off fails the form as a whole; without a listener it would end the process.
      stream.on('error', (error) => fail(unreadable(error)));
      stream.on('end', () =>
        form.files.push({ field, filename: filename ?? '', mime: mimeType, bytes: Buffer.concat(chunks) }),
      );
    });
    parser.on('filesLimit', () =>
      fail(
        PlatformError.of('INVALID_REQUEST', `At most ${limits.maxFiles} files are allowed.`, {
          details: { field: 'files' },
        }),
      ),
    );
    parser.on('fieldsLimit', () =>
      fail(PlatformError.of('INVALID_REQUEST', 'The form has too many fields.')),
    );
    parser.on('error', (error) => fail(unreadable(error)));
    parser.on('close', () => resolve(form));
    req.once('close', () => {
      if (!req.complete) reject(PlatformError.of('CANCELLED', 'The client ended the upload.'));
    });
    req.pipe(parser);
  });
}

function openParser(
  req: IncomingMessage,
  limits: MultipartLimits,
  reject: (error: unknown) => void,
): busboy.Busboy | undefined {
  if (Number(req.headers['content-length'] ?? 0) > limits.maxBytes + 64 * 1024) {
    req.resume();
    reject(tooLarge(limits.maxBytes));
    return undefined;
  }
  try {
    return busboy({
      headers: req.headers,
      defParamCharset: 'utf8',
      limits: {
        files: limits.maxFiles,
        fields: MAX_FIELDS,
        fieldSize: limits.maxFieldBytes,
        fileSize: limits.maxBytes + 1,
      },
    });
  } catch (error) {
    req.resume();
    reject(
      PlatformError.of('INVALID_REQUEST', 'The multipart body has no usable boundary.', { cause: error }),
    );
    return undefined;
  }
}

function unreadable(cause: unknown): PlatformError {
  return PlatformError.of('INVALID_REQUEST', 'The multipart body cannot be read.', { cause });
}

function tooLarge(limitBytes: number, field?: string): PlatformError {
  return PlatformError.of(
    'TOO_LARGE',
    field === undefined ? 'The body is too large.' : `The field ${field} is too large.`,
    {
      details: { limit_bytes: limitBytes, ...(field === undefined ? {} : { field }) },
    },
  );
}
