import { ApiError } from '@switchyard/client';

/** What the shell is told. Stable: scripts rely on it. */
export const EXIT_CODES = {
  ok: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  interrupted: 130,
} as const;

/** What each code means, for the help and the reference. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT_CODES.ok, 'done'],
  [
    EXIT_CODES.refused,
    'the server refused it, or what was asked for failed (a test, an answer, a call over its time limit)',
  ],
  [EXIT_CODES.usage, 'wrong use: an option, an argument, a file of this machine'],
  [EXIT_CODES.unreachable, 'the server cannot be reached or does not answer in time'],
  [EXIT_CODES.interrupted, 'ended by Ctrl-C'],
];

/** A mistake of the person at the keyboard: one line, exit code 2. */
export class UsageError extends Error {}

/** What was asked for went wrong, and everything that is to be said is said in the message: exit code 1. */
export class Refused extends Error {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.details = details;
  }
}

export interface Failure {
  readonly code: number;
  readonly text: string;
  /** For `--json`: `{error, error_type, ...}`. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Status of an answer that a foreign proxy gives when nobody stands behind it. With our body it is an answer of ours, as of a call that took too long. */
const GATEWAY_STATUSES: readonly number[] = [502, 504];

/** The line and the code for anything that was thrown, never a stack. `url`: the server that was spoken to. */
export function failureOf(error: unknown, url?: string): Failure {
  if (error instanceof ApiError) {
    const isForeign = error.errorType.startsWith('http_');
    const isUnreachable = error.status === 0 || (isForeign && GATEWAY_STATUSES.includes(error.status));
    const wait = error.retryAfter === undefined ? '' : ` Try again in ${error.retryAfter} s.`;
    const type = isForeign || error.status === 0 ? '' : ` (${error.errorType})`;
    const message =
      error.status === 0 && url !== undefined ? `${url} cannot be reached.` : withoutStack(error.message);
    return {
      code: isUnreachable ? EXIT_CODES.unreachable : EXIT_CODES.refused,
      text: `${message}${wait}${type}${hintFor(error.status)}`,
      details: {
        error: message,
        error_type: error.errorType,
        http_status: error.status,
        ...(error.requestId === undefined ? {} : { request_id: error.requestId }),
      },
    };
  }
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) return failure(EXIT_CODES.usage, text, 'usage');
  if (error instanceof Refused) {
    return {
      code: EXIT_CODES.refused,
      text,
      details: { error: text, error_type: 'refused', ...error.details },
    };
  }
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return failure(EXIT_CODES.unreachable, 'The server did not answer in time.', 'timeout');
  if (isAbort(error)) return failure(EXIT_CODES.interrupted, '', 'interrupted');
  // A file that is not there, a folder that may not be written: the system's words name it.
  return failure(EXIT_CODES.usage, text, 'failed');
}

/** The server tells an author where a bundle threw: of that the bundle's own lines stay, as `bundle.ts:3:7`. */
export function withoutStack(message: string): string {
  return message
    .split('\n')
    .flatMap((line) => {
      if (!/^\s+at /u.test(line))
        return [
          line
            .split(/([\s'"])/u)
            .map(withoutFolder)
            .join(''),
        ];
      const own = /(?:\/version\/|__[0-9a-f]{6,}\/)([^()]+:\d+:\d+)/u.exec(line)?.[1];
      return own === undefined ? [] : [`  ${own}`];
    })
    .join('\n');
}

/** A path below a version's folder at the server, which is a host's `version` or `{bundle}__{ref}__{sha}`: what is below it. */
function withoutFolder(word: string): string {
  if (!word.startsWith('/') && !word.startsWith('file:///')) return word;
  const steps = word.split('/');
  const at = steps.findLastIndex((step) => step === 'version' || /__[0-9a-f]{6,}$/u.test(step));
  const below = at === -1 ? [] : steps.slice(at + 1);
  return below.length === 0 ? word : below.join('/');
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function failure(code: number, text: string, errorType: string): Failure {
  return { code, text, details: { error: text, error_type: errorType } };
}

function hintFor(status: number): string {
  if (status === 401) return '\nSign in again: switchyard login URL';
  if (status === 403)
    return '\nswitchyard whoami says whose token this is. Bundles, settings, secrets and logs need one of an admin.';
  return '';
}
