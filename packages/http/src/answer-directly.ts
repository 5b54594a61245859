import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { createBodyReader } from './read-json-body.ts';
import type { RequestStep } from './request-context.ts';
import { hasJsonBody } from './route-catalog.ts';
import type { Route } from './route-catalog.ts';

/** False: the request is for another route, and nothing was done with it. */
export type AnswerDirectly = (req: IncomingMessage, res: ServerResponse) => boolean;

/** What an address may hold to be taken here: nothing that must be decoded, and nothing that express would see otherwise. */
const PLAIN_PATH = /^[\w.~/-]+$/;

/** Where the length of a route's path is not fixed any more. */
const REST = /[*{]/;

/** Paths of which is remembered what they name; they are asked for again and again. */
const MAX_PATHS = 1000;

/** What the app itself is made of. */
export interface DirectParts {
  readonly app: Express;
  readonly routes: readonly Route[];
  readonly begin: RequestStep;
  readonly onError: ErrorRequestHandler;
  readonly readBody: readonly RequestHandler[];
  /** Bytes of a JSON body. */
  readonly bodyLimit: number;
}

interface DirectRow {
  readonly route: Route;
  /** As a request says it. */
  readonly method: string;
  readonly path: readonly string[];
}

/** A row that answers a path. */
interface Found {
  readonly row: DirectRow;
  /** Frozen: it is the same for all requests of this path. */
  readonly params: Readonly<Record<string, string>>;
}

/**
 * Answers the routes that say `isDirect` without express' walk over its table: the same steps before, the same handlers, the same
 * errors, log lines and metrics. What stands in its address as express wants it (an escape, a slash at the end, another case) is left to
 * express, so there is one reading of such addresses. Throws RangeError on a route that cannot be direct: one that another route before it
 * would answer as well, or whose path has no fixed length.
 */
export function createDirectAnswers({ app, begin, onError, ...parts }: DirectParts): AnswerDirectly {
  const rows = parts.routes.flatMap((route, at) =>
    route.isDirect === true ? [toRow(route, parts.routes.slice(0, at))] : [],
  );
  const readBody = createBodyReader(parts.bodyLimit, parts.readBody);
  const answer = async (req: Request, res: Response, { route }: DirectRow): Promise<void> => {
    try {
      begin(req, res);
      if (hasJsonBody(route)) await readBody(req, res);
      await route.handler(req, res, () => undefined);
    } catch (error) {
      // The last word where an answer has begun, as express' own last handler has it: what was written goes out first.
      void onError(error, req, res, () => void setImmediate(() => req.socket.destroy()));
    }
  };
  const lookUp = createLookUp(rows);
  return (incoming, outgoing) => {
    const { url = '', method } = incoming;
    const end = url.indexOf('?');
    const found = lookUp(end === -1 ? url : url.slice(0, end)).find(({ row }) => row.method === method);
    if (found === undefined) return false;
    const { row, params } = found;
    void answer(...adopt(app, incoming, outgoing, row.route, params), row);
    return true;
  };
}

const NONE: readonly Found[] = [];

function createLookUp(rows: readonly DirectRow[]): (path: string) => readonly Found[] {
  const known = new Map<string, readonly Found[]>();
  return (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    if (!PLAIN_PATH.test(path)) return NONE;
    const parts = path.split('/');
    const rowsOfPath = rows.flatMap((row) => {
      const params = row.path.length === parts.length ? match(row, parts) : undefined;
      return params === undefined ? [] : [{ row, params: Object.freeze(params) }];
    });
    if (rowsOfPath.length === 0) return NONE;
    if (known.size >= MAX_PATHS) known.clear();
    known.set(path, rowsOfPath);
    return rowsOfPath;
  };
}

function toRow(route: Route, before: readonly Route[]): DirectRow {
  const path = route.path.split('/');
  const isHidden = before.some(({ method, path: other }) => method === route.method && overlaps(path, other));
  if (REST.test(route.path) || isHidden) throw new RangeError(`${route.path} cannot be answered directly`);
  return { route, method: route.method.toUpperCase(), path };
}

/** Whether an address could belong to both. What follows where the length is not fixed any more counts as anything. */
function overlaps(path: readonly string[], other: string): boolean {
  const rest = other.search(REST);
  // `/a/:b{/*rest}` has all of `:b`; of `/a/b*rest` only `/a` is certain.
  const end = rest === -1 ? other.length : other.startsWith('{/', rest) ? rest : other.lastIndexOf('/', rest);
  const parts = other.slice(0, end).split('/');
  if (rest === -1 ? parts.length !== path.length : parts.length > path.length) return false;
  return parts.every((part, at) => part[0] === ':' || path[at]?.[0] === ':' || part === path[at]);
}

/** The values of the row's parameters; undefined: another path. */
function match({ path }: DirectRow, parts: readonly string[]): Record<string, string> | undefined {
  const params = Object.create(null) as Record<string, string>;
  for (let at = 0; at < path.length; at += 1) {
    const [wanted = '', given = ''] = [path[at], parts[at]];
    if (wanted[0] !== ':') {
      if (wanted !== given) return undefined;
    } else if (given === '') return undefined;
    else params[wanted.slice(1)] = given;
  }
  return params;
}

/** Of a server that makes the app's own requests and answers (`createAppMessages`) they are this already. */
function asOf(message: object, prototype: object): object {
  return Object.prototype.isPrototypeOf.call(prototype, message)
    ? message
    : (Object.setPrototypeOf(message, prototype) as object);
}

/** What express makes of a request before it looks for a route, and of the one that it found. */
function adopt(
  app: Express,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  route: Route,
  params: Readonly<Record<string, string>>,
): [Request, Response] {
  const req = asOf(incoming, app.request) as Request;
  const res = asOf(outgoing, app.response) as Response;
  req.res = res;
  res.req = req;
  res.locals = Object.create(null) as Response['locals'];
  req.baseUrl = '';
  req.originalUrl = req.url;
  req.params = params;
  req.route = route;
  return [req, res];
}
