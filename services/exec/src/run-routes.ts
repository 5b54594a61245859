import type { Request, Response } from 'express';
import { createJsonReader, defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { execOfferSchema, runRequestSchema } from '@switchyard/protocol';
import type { ExecOffer, RunRequest } from '@switchyard/protocol';
import type { Log } from '@switchyard/telemetry';
import type { Backend } from './backends/backend.ts';
import { executeRun } from './execute-run.ts';
import type { RunBounds } from './execute-run.ts';
import { LineWriter } from './line-writer.ts';
import type { RunFigures } from './run-figures.ts';
import type { RunSlots } from './run-slots.ts';
import { toProgram } from './to-program.ts';
import type { ProgramLimits } from './to-program.ts';

export interface RunRouteParts {
  readonly requireToken: (authorization: string | undefined) => void;
  /** Undefined: nothing here can hold a program, for this reason. */
  readonly backend: Backend | undefined;
  readonly whyNone: string;
  readonly slots: RunSlots;
  readonly limits: ProgramLimits;
  readonly bounds: RunBounds;
  readonly maxRequestBytes: number;
  /** Aborts when the service ends hard. */
  readonly ending: AbortSignal;
  readonly isDraining: () => boolean;
  readonly figures: RunFigures;
  readonly clock: Clock;
  readonly log: Log;
}

const tag = 'runs';
const guard = 'user';

/** What runs here, and a run. */
export function createRunRoutes(parts: RunRouteParts): Route[] {
  const readJson = createJsonReader(parts.maxRequestBytes);
  return [
    defineRoute({
      method: 'get',
      path: '/languages',
      summary:
        'What code can be written in here, and the limits; no language where nothing can hold a program',
      tag,
      guard,
      answer: execOfferSchema,
      handle({ req }) {
        parts.requireToken(req.get('authorization'));
        return offerOf(parts);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/runs',
      summary: 'Runs a program in a fresh sandbox; the answer is lines of JSON until `end`',
      tag,
      guard,
      body: runRequestSchema,
      readsBody: true,
      produces: 'application/x-ndjson',
      async handle({ req, res }) {
        // Before a byte of the body is read: files of strangers are not kept.
        parts.requireToken(req.get('authorization'));
        await answerRun(parts, toRequest(await readJson(req, res)), { req, res });
      },
    }),
  ];
}

function offerOf({ backend, limits, bounds }: RunRouteParts): ExecOffer {
  return {
    languages: [...(backend?.languages ?? [])],
    timeout_ms: limits.maxTimeoutMs,
    memory_mb: Math.floor(limits.maxMemoryBytes / 1024 / 1024),
    output_bytes: bounds.maxOutputBytes,
    file_bytes: bounds.maxBytes,
    files: bounds.maxFiles,
  };
}

function toRequest(body: unknown): RunRequest {
  const read = runRequestSchema.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.join('.') || 'body';
  throw PlatformError.of('INVALID_REQUEST', `${field}: ${issue?.message ?? ''}`, {
    details: { field },
  });
}

async function answerRun(
  parts: RunRouteParts,
  request: RunRequest,
  { req, res }: { req: Request; res: Response },
): Promise<void> {
  const { backend, slots, log, figures } = parts;
  if (parts.isDraining()) throw PlatformError.of('DRAINING');
  if (backend?.languages.includes(request.language) !== true)
    throw PlatformError.of(
      'CAPABILITY_UNAVAILABLE',
      backend === undefined ? parts.whyNone : `No ${request.language} starts in the sandbox here.`,
    );
  const program = toProgram(request, parts.limits);
  const writer = new LineWriter(res);
  const until = AbortSignal.any([writer.gone, parts.ending]);
  const giveBack = await slots.take(until);
  try {
    const cause = await figures.timed(() =>
      executeRun({ ...parts, backend }, program, (event) => writer.send(event), until),
    );
    log.info('program ended', { language: request.language, cause, request_id: req.get('x-request-id') });
    writer.end();
  } catch (error) {
    if (!res.headersSent) throw error;
    // The answer has begun: what is missing of it says that the run failed.
    if (!until.aborted) log.error('a sandbox failed', { language: request.language, error });
    res.destroy();
  } finally {
    giveBack();
  }
}
