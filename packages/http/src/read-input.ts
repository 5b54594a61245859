import type { Request } from 'express';
import type { z } from 'zod';
import { PlatformError } from '@switchyard/kernel';

interface InputSchemas {
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  readsBody?: boolean;
}

/** Checks what a request brings against a route's schemas. */
export function readInput(
  req: Request,
  schemas: InputSchemas,
): { params: unknown; query: unknown; body: unknown } {
  return {
    params: schemas.params === undefined ? req.params : readParams(schemas.params, req.params),
    query: schemas.query === undefined ? req.query : checkInput(schemas.query, req.query, 'query'),
    body:
      schemas.body === undefined || schemas.readsBody === true
        ? undefined
        : checkInput(schemas.body, readBody(req), 'body'),
  };
}

/** Of parameters that are the same for all requests of a path (`answerDirectly` freezes them) what came of them, by themselves. */
const readOfFrozen = new WeakMap<object, unknown>();

function readParams(schema: z.ZodType, params: object): unknown {
  const known = readOfFrozen.get(params);
  if (known !== undefined) return known;
  const parsed = schema.safeParse(params);
  // An id that cannot exist is an id that does not exist: the same 404 (03 §1).
  if (!parsed.success) throw PlatformError.of('NOT_FOUND');
  if (Object.isFrozen(params)) readOfFrozen.set(params, Object.freeze(parsed.data));
  return parsed.data;
}

/** Throws INVALID_REQUEST whose message and `field` name the first thing that does not fit. */
export function checkInput<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue === undefined || issue.path.length === 0 ? where : issue.path.map(String).join('.');
  throw PlatformError.of('INVALID_REQUEST', `${path}: ${issue?.message ?? 'not valid'}`, {
    details: { field: path },
  });
}

function readBody(req: Request): unknown {
  if (req.body !== undefined) return req.body;
  const isEmpty =
    req.headers['content-length'] === '0' ||
    (req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined);
  if (isEmpty) return {};
  throw PlatformError.of('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json.');
}
