import { ApiError } from '../api-error.ts';
import type { PredictionRequest } from '../prediction-request.ts';

const SCHEMES = new Set(['file:', 'http:', 'https:', 'data:']);
const KEYS = ['procedure_source_url', 'replicate_api_token'] as const;

export interface ProcedureRequest {
  /** Where the source lies; the same text is the same procedure. */
  readonly url: string;
  /** The caller's own, given to the procedure as its context and hidden everywhere else. */
  readonly token: string;
}

/** @param allowsFolders whether a folder of this machine may be named. Throws ApiError 400 that names the key. */
export function readProcedure(
  { context }: Pick<PredictionRequest, 'context'>,
  allowsFolders: boolean,
): ProcedureRequest {
  const [url, token] = KEYS.map((key) => {
    const value = context[key];
    if (typeof value !== 'string' || value === '')
      throw new ApiError(
        400,
        `invalid context: ${key}`,
        `context.${key}: a text that is not empty is needed`,
      );
    return value;
  }) as [string, string];
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (!SCHEMES.has(protocol) || (protocol === 'file:' && !allowsFolders))
    throw new ApiError(
      400,
      'invalid context: procedure_source_url',
      `context.procedure_source_url: ${[...SCHEMES].filter((scheme) => allowsFolders || scheme !== 'file:').join(', ')} can be fetched`,
    );
  return { url, token };
}

/** What may be told of a source in errors and logs: an address may have a signature or a password in it. */
export function nameOfSource(text: string): string {
  const url = new URL(text);
  if (url.protocol === 'data:') return 'the data URI';
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 300);
}
