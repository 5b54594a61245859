import type { IncomingMessage } from 'node:http';
import { setCookieName } from '@switchyard/http';
import { isPage } from './answer-headers.ts';
import type { AnswerDefaults, AnswerHeaders } from './answer-headers.ts';
import { ANSWER_DROPPED, namedByConnection } from './clean-headers.ts';
import type { SitePlace } from './decide-way.ts';

/** The head of an answer as a client gets it. */
export interface AnswerHead {
  /** Names and values in turn, in the upstream's own writing. */
  readonly headers: string[];
  readonly isStream: boolean;
  /** Of the body in bytes; undefined: not announced. */
  readonly length: number | undefined;
}

/** What is made of the answers of one kind of way. */
export interface AnswerRules {
  /** By name in small letters: which of the `added` it is, or that it does not pass. */
  readonly known: ReadonlyMap<string, number>;
  /** Said where the upstream does not say it itself. */
  readonly added: readonly (readonly [name: string, value: string])[];
  /** How many of the `added`, from the first, do not wait for a page. */
  readonly addedAlways: number;
  /** Cookies with these names do not pass; undefined: none does. */
  readonly refusedCookies: ReadonlySet<string> | undefined;
}

const DROPPED = -1;

const rulesOf = (
  always: AnswerHeaders,
  page: AnswerHeaders,
  refusedCookies: AnswerRules['refusedCookies'],
): AnswerRules => {
  const added = [...Object.entries(always), ...Object.entries(page)];
  const known = new Map<string, number>(ANSWER_DROPPED.map((name) => [name, DROPPED]));
  for (const [at, [name]] of added.entries()) known.set(name.toLowerCase(), at);
  return { known, added, addedAlways: Object.keys(always).length, refusedCookies };
};

/**
 * The rules by where a site is; `platform` where none is. They are made once and hold for every answer. A site sets no cookie on the platform's
 * origin, and nowhere one with a name of the platform's, for a cookie counts for all ports of a host.
 */
export const createAnswerRules = (
  { platform, page, ownSite }: AnswerDefaults,
  platformCookies: readonly string[],
): Readonly<Record<SitePlace | 'platform', AnswerRules>> => ({
  platform: rulesOf(platform, page, new Set()),
  shared: rulesOf(platform, {}, undefined),
  own: rulesOf(ownSite, {}, new Set(platformCookies)),
});

const withoutNamed = (headers: readonly string[], named: readonly string[]): string[] => {
  const left: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name = '', value = ''] = [headers[at], headers[at + 1]];
    if (!named.includes(name.toLowerCase())) left.push(name, value);
  }
  return left;
};

/**
 * Reads an upstream's head and writes the client's in one pass: without what is the hop's or only for the inside, without cookies that are not
 * the upstream's to set, with what it left unsaid.
 */
export const readAnswerHead = (
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
  rules: AnswerRules,
  requestId: string,
): AnswerHead => {
  let headers: string[] = [];
  let named: readonly string[] = [];
  let [type, length, hasId, said] = ['', -1, false, 0];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    const lower = name.toLowerCase();
    const known = rules.known.get(lower);
    if (lower === 'connection') named = namedByConnection(value.toLowerCase());
    if (known === DROPPED) continue;
    if (known !== undefined) said |= 1 << known;
    if (lower === 'set-cookie') {
      if (rules.refusedCookies === undefined || rules.refusedCookies.has(setCookieName(value))) continue;
    } else if (lower === 'content-type') type = value;
    else if (lower === 'content-length') length = Number(value);
    else if (lower === 'x-request-id') hasId = true;
    headers.push(name, value);
  }
  if (named.length > 0) headers = withoutNamed(headers, named);
  const count =
    rules.added.length > rules.addedAlways && isPage({ 'content-type': type })
      ? rules.added.length
      : rules.addedAlways;
  for (let at = 0; at < count; at += 1) {
    const entry = rules.added[at];
    if (entry !== undefined && (said & (1 << at)) === 0) headers.push(entry[0], entry[1]);
  }
  if (!hasId) headers.push('X-Request-ID', requestId);
  return { headers, isStream: type.startsWith('text/event-stream'), length: length < 0 ? undefined : length };
};
