import fc from 'fast-check';
import { bytesOf, requestOf } from './raw-request.ts';
import type { WholeRequest } from './whole-requests.ts';

/** Header lines of somebody who is nobody, and what a good token becomes on its way. */
const badCredentials = (good: readonly string[]): string[] => [
  ...good.flatMap((token) => [
    `Authorization: Bearer ${token.slice(0, -4)}`,
    `Authorization: Bearer ${token.split('.').slice(0, 2).join('.')}.`,
    `Cookie: __Secure-LATC=${token}; __Secure-LATC=${token}`,
  ]),
  'Authorization: Bearer',
  'Authorization: Bearer a.b.c',
  'Authorization: Basic YTpi',
  'Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.',
  'Authorization: Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uIn0.bnVsbA.x',
  `Authorization: Bearer ${'a'.repeat(9000)}`,
  'X-ID-Token: \xff\xfe',
  'User-Session-ID: ../../a',
  'Cookie: a=%; =; ;; b="\x01',
  'Idempotency-Key: a\tb',
  'X-A: b',
];

const HEAD_SPOILERS = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '/',
  '..',
  '%',
  '%2e',
  '%00',
  '?',
  '#',
  '\\',
  '\x7f',
  '\xff',
  'Host: b\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: host\r\n',
  ' HTTP/1.1',
  'http://b/',
  '-1',
  'ffffffffffffffff',
  '0\r\n\r\n',
  'X: '.padEnd(20_000, 'a'),
  'X: a\r\n'.repeat(150),
];

const JSON_SPOILERS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  String.raw`\u0000`,
  String.raw`\ud800`,
  '\0',
  '\xc3',
  '\xef\xbb\xbf',
  'null',
  'true',
  '-0',
  '1e999',
  '9'.repeat(60),
  '{}',
  '[[]]',
  '"__proto__":{"a":1},',
  '"constructor":null,',
  '['.repeat(3000),
  '{"a":'.repeat(500),
  'x'.repeat(40_000),
];

const MEDIA_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16le',
  'application/json; charset=none',
  'application/merge-patch+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=b',
  'application/zip',
  'text/plain',
  '/',
];

/** Headers that say how the body is to be read, most of them wrong; the body as it goes out. */
const FRAMES: readonly ((body: string) => [lines: string[], sent: string])[] = [
  (body) => [[`Content-Length: ${body.length}`], body],
  (body) => [[`Content-Length: ${body.length}`, 'Expect: 100-continue'], body],
  (body) => [[`Content-Length: ${body.length}`, 'Content-Encoding: gzip'], body],
  (body) => [[`Content-Length: ${body.length}`, 'Content-Encoding: b, br'], body],
  (body) => [[`Content-Length: ${body.length + 7}`], body],
  (body) => [[`Content-Length: ${Math.max(0, body.length - 3)}`], body],
  (body) => [['Content-Length: 99999999999'], body],
  (body) => [['Content-Length: -1'], body],
  (body) => [[`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'], body],
  (body) => [['Transfer-Encoding: chunked'], chunked(body)],
  (body) => [['Transfer-Encoding: chunked'], chunked(body).slice(0, -2)],
  (body) => [['Transfer-Encoding: chunked'], chunked(body).replace('\r\n', ';a="\n')],
  (body) => [['Transfer-Encoding: chunked'], `${chunked(body).slice(0, -5)}0\r\nHost: b\r\n\r\n`],
  (body) => [['Transfer-Encoding: gzip, chunked'], chunked(body)],
  (body) => [[], body],
  (body) => [
    ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: YQ==', 'Sec-WebSocket-Version: 13'],
    body,
  ],
  (body) => [['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'], body],
];

const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

interface Spoil {
  readonly at: number;
  readonly drop: number;
  readonly put: string;
}

const spoiled = (text: string, spoils: readonly Spoil[]): string => {
  let made = text;
  for (const { at, drop, put } of spoils) {
    const from = Math.floor(at * made.length);
    made = made.slice(0, from) + put + made.slice(from + drop);
  }
  return made;
};

const spoilsOf = (
  spoilers: readonly string[],
  { minLength, maxLength }: { minLength: number; maxLength: number },
): fc.Arbitrary<Spoil[]> =>
  fc.array(
    fc.record({
      at: fc.nat({ max: 1000 }).map((thousandths) => thousandths / 1000),
      drop: fc.nat({ max: 12 }),
      put: fc.oneof(fc.constantFrom(...spoilers), fc.string({ maxLength: 6, unit: 'binary-ascii' })),
    }),
    { minLength, maxLength },
  );

/** One to three whole requests on a connection, spoilt anywhere: their heads mostly. */
const spoiledTexts = (texts: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...texts), { minLength: 1, maxLength: 3 }),
      spoilsOf(HEAD_SPOILERS, { minLength: 1, maxLength: 6 }),
    )
    .map(([parts, spoils]) => spoiled(parts.join(''), spoils));

/** A head that is mostly in order, so that a handler is reached, and a body that is cut, broken, deep, or not as long as it says. */
const spoiledBodies = (requests: readonly WholeRequest[], tokens: readonly string[]): fc.Arbitrary<string> =>
  fc
    .record({
      request: fc.constantFrom(...requests),
      credential: fc.oneof(
        fc.constantFrom(...tokens.map((token) => `Authorization: Bearer ${token}`)),
        fc.constantFrom(...badCredentials(tokens)),
      ),
      mediaType: fc.oneof(
        { weight: 3, arbitrary: fc.constant('application/json') },
        { weight: 2, arbitrary: fc.constantFrom(...MEDIA_TYPES) },
      ),
      frame: fc.oneof(
        { weight: 2, arbitrary: fc.constant(FRAMES[0] ?? asItIs) },
        { weight: 3, arbitrary: fc.constantFrom(...FRAMES) },
      ),
      inBody: spoilsOf(JSON_SPOILERS, { minLength: 0, maxLength: 4 }),
      kept: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.nat({ max: 99 }).map((percent) => percent / 100) },
      ),
      inHead: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Spoil[]>([]) },
        { weight: 1, arbitrary: spoilsOf(HEAD_SPOILERS, { minLength: 1, maxLength: 2 }) },
      ),
    })
    .map(({ request, credential, mediaType, frame, inBody, kept, inHead }) => {
      const whole = spoiled(request.json ?? '{"a":1}', inBody);
      const [lines, body] = frame(whole.slice(0, Math.ceil(kept * whole.length)));
      const begin = `${request.method} ${spoiled(request.address, inHead)} HTTP/1.1`;
      const closing = lines.some((line) => line.startsWith('Connection:')) ? [] : ['Connection: close'];
      return requestOf(
        [begin, 'Host: a', credential, `Content-Type: ${mediaType}`, ...lines, ...closing],
        body,
      );
    });

const asItIs = (body: string): [string[], string] => [[`Content-Length: ${body.length}`], body];

/** What requests are made of. */
export interface Malformable {
  /** Whole requests as text, for what is in no table; each is to ask for the end of its connection. */
  readonly texts: readonly string[];
  /** Requests whose handlers are to be reached, half of them with one of these tokens as it is. */
  readonly calls?: readonly { requests: readonly WholeRequest[]; tokens: readonly string[] }[];
}

/** Drawn evenly from `texts` and each of `calls`. The same for the same seed; in batches, for all of a million at once would be what takes the memory. */
export function* malformedBatches(
  { texts, calls = [] }: Malformable,
  { count, seed, size }: { count: number; seed: number; size: number },
): Generator<Buffer[]> {
  const bodies = calls.map(({ requests, tokens }) => spoiledBodies(requests, tokens));
  const drawn = fc.oneof(spoiledTexts(texts), ...bodies);
  for (let made = 0; made < count; made += size)
    yield fc
      .sample(drawn, { numRuns: Math.min(size, count - made), seed: seed + made })
      .map((text) => bytesOf(text));
}
