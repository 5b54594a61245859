import { PlatformError } from '@switchyard/kernel';
import { HEADER, QUERY } from '@switchyard/protocol';
import { parseCookie } from 'cookie';

type Values = Readonly<Record<string, unknown>>;

/** What a request or a Socket.IO handshake brought. */
export interface Carriers {
  headers: Values;
  /** Parsed; without it the `cookie` header is. */
  cookies?: Values;
  query?: Values;
  /** `auth` of a Socket.IO handshake. */
  auth?: Values;
  /** Only `/sse/*` and bundle widgets take tokens from the query (03 §1). `ticket`: none but the one that opens a stream once. */
  allowQueryToken: boolean | 'ticket';
}

export interface CookieNames {
  accessToken: string;
  idToken: string;
  anonymous: string;
  /** Header in which somebody in front of us says who it is, as Cloudflare Access does; absent: none is believed. */
  frontHeader?: string;
}

export interface Credentials {
  accessToken?: string;
  idToken?: string;
  ticket?: string;
  sessionId?: string;
  anonymousCookie?: string;
}

/**
 * Finds the credentials in the order handshake, header, query, cookie. What is there but cannot be a credential throws
 * BAD_TOKEN: a bad token is never silently anonymous.
 */
export function readCredentials(carriers: Carriers, names: CookieNames): Credentials {
  const { headers, query = {}, auth = {} } = carriers;
  const cookies = carriers.cookies ?? cookiesOf(one(headers['cookie']));
  const tokenQuery = takeFromQuery(query, carriers.allowQueryToken);
  const found: Credentials = {};
  const keep = (name: keyof Credentials, value: string | undefined): void => {
    if (value !== undefined) found[name] = value;
  };
  keep(
    'accessToken',
    one(auth['bearer_token']) ??
      bearer(headers) ??
      one(tokenQuery[QUERY.accessToken]) ??
      one(cookies[names.accessToken]) ??
      (names.frontHeader === undefined ? undefined : one(headers[names.frontHeader])),
  );
  keep(
    'idToken',
    one(auth['id_token']) ??
      one(headers[HEADER.idToken]) ??
      one(tokenQuery[QUERY.idToken]) ??
      one(cookies[names.idToken]),
  );
  keep('ticket', one(auth['stream_ticket']) ?? one(tokenQuery[QUERY.streamTicket]));
  keep(
    'sessionId',
    one(auth['user_session_id']) ?? one(headers[HEADER.sessionId]) ?? one(query[QUERY.sessionId]),
  );
  keep('anonymousCookie', one(cookies[names.anonymous]));
  return found;
}

const NO_COOKIES: Values = Object.freeze(Object.create(null) as Values);

function cookiesOf(header: string | undefined): Values {
  return header === undefined ? NO_COOKIES : parseCookie(header);
}

function bearer(headers: Values): string | undefined {
  const header = one(headers['authorization']);
  if (header === undefined) return undefined;
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw PlatformError.of('BAD_TOKEN', 'Authorization must be "Bearer <token>".');
  return token;
}

function takeFromQuery(query: Values, allowed: Carriers['allowQueryToken']): Values {
  if (allowed === true) return query;
  const isTicketTaken = allowed === 'ticket';
  const refused = [QUERY.accessToken, QUERY.idToken, ...(isTicketTaken ? [] : [QUERY.streamTicket])];
  const given = refused.find((name) => one(query[name]) !== undefined);
  if (given !== undefined) throw PlatformError.of('BAD_TOKEN', `${given} is not taken from the query here.`);
  return isTicketTaken ? { [QUERY.streamTicket]: query[QUERY.streamTicket] } : {};
}

/** One value of that name. Undefined when there is none; two are not "the first one wins" but a mistake or an attack. */
function one(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw PlatformError.of('BAD_TOKEN', 'A credential was given more than once, or is not a text.');
}
