import { createHash } from 'node:crypto';

export const LONG = 'body{color:red}\n'.repeat(200);
const DIGITS = '0123456789'.repeat(20);
export const FILES = [
  { path: 'index.html', content: '<h1>home</h1>' },
  { path: 'about.html', content: '<h1>about</h1>' },
  { path: 'docs/index.html', content: '<h1>docs</h1>' },
  { path: 'docs/404.html', content: 'no such doc' },
  { path: '404.html', content: 'nowhere' },
  { path: 'app.4f2a1c9e.css', content: LONG },
  { path: 'plain.css', content: LONG },
  { path: 'digits.bin', content: DIGITS },
  { path: 'umlaut-ä b.txt', content: 'ä' },
  { path: '100%.txt', content: 'percent' },
  { path: 'site/a.txt', content: 'a' },
  { path: 'site-evil.html', content: 'evil' },
  {
    path: '_headers',
    content: [
      '/*',
      '  X-Frame-Options: DENY',
      '/plain.css',
      '  Cache-Control: public, max-age=60',
      '  ! X-Frame-Options',
      '/docs/*',
      '  X-Doc: :splat',
      'nonsense',
      '/bad',
      '  Content-Length: 5',
      '  X-Bad: a\u0007b',
    ].join('\n'),
  },
  {
    path: '_redirects',
    content: [
      '/old /about 301',
      '/go/* /:splat 302',
      '/news/:year/:slug /about?y=:year&s=:slug 308',
      '/shadow/* /about.html 200',
      '/about /docs/ 301',
      '/plain.css /docs/ 307!',
      '/away/* https://example.com/x/:splat 303',
      '/gone /404.html 404',
      '/find id=:id /about?item=:id 302',
      '/x https://other.example/ 200',
      '/y /z 299',
    ].join('\n'),
  },
];
const SHA = createHash('sha256').update(DIGITS).digest('hex').slice(0, 32);

/** A request and what its answer must be. */
export interface Row {
  what: string;
  target: string;
  method?: string;
  headers?: Record<string, string>;
  status: number;
  /** Header -> exact value, a pattern, or null: it must not be there. */
  has?: Record<string, string | RegExp | null>;
  text?: string | RegExp;
}

export const ROWS: Row[] = [
  // lookup
  {
    what: 'the index of the root',
    target: '/',
    status: 200,
    text: '<h1>home</h1>',
    has: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'public, max-age=0, must-revalidate',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    },
  },
  { what: 'a folder', target: '/docs/', status: 200, text: '<h1>docs</h1>', has: { 'x-doc': '' } },
  { what: 'a folder without its slash', target: '/docs?q=1', status: 308, has: { location: '/docs/?q=1' } },
  { what: 'a clean address', target: '/about', status: 200, text: '<h1>about</h1>' },
  { what: 'a clean address with a slash', target: '/about/', status: 308, has: { location: '/about' } },
  { what: 'an exact file', target: '/about.html', status: 200 },
  { what: 'an encoded name', target: '/umlaut-%C3%A4%20b.txt', status: 200, text: 'ä' },
  { what: 'a decomposed name', target: '/umlaut-a%CC%88%20b.txt', status: 200, text: 'ä' },
  { what: 'a percent sign', target: '/100%25.txt', status: 200, text: 'percent' },
  { what: 'the nearest 404', target: '/docs/none/x', status: 404, text: 'no such doc', has: { etag: null } },
  { what: 'the 404 of the root', target: '/none', status: 404, text: 'nowhere' },
  { what: 'rules are no pages', target: '/_headers', status: 404 },
  // validators
  {
    what: 'a tag that fits',
    target: '/digits.bin',
    headers: { 'if-none-match': `"x", W/"${SHA}"` },
    status: 304,
    has: { etag: `"${SHA}"`, 'content-length': null },
  },
  { what: 'any tag', target: '/digits.bin', headers: { 'if-none-match': '*' }, status: 304 },
  {
    what: 'a tag that does not fit, over a date that does',
    target: '/digits.bin',
    headers: { 'if-none-match': '"x"', 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    status: 200,
  },
  {
    what: 'a later date',
    target: '/digits.bin',
    headers: { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    status: 304,
  },
  {
    what: 'an earlier date',
    target: '/digits.bin',
    headers: { 'if-modified-since': 'Fri, 01 Jan 1999 00:00:00 GMT' },
    status: 200,
  },
  {
    what: 'HEAD',
    target: '/digits.bin',
    method: 'HEAD',
    status: 200,
    text: '',
    has: { 'content-length': '200', etag: `"${SHA}"` },
  },
  { what: 'HEAD of what is not there', target: '/none', method: 'HEAD', status: 404, text: '' },
  // ranges
  {
    what: 'a range',
    target: '/digits.bin',
    headers: { range: 'bytes=5-9' },
    status: 206,
    text: '56789',
    has: { 'content-range': 'bytes 5-9/200', 'content-length': '5' },
  },
  {
    what: 'a range from the end',
    target: '/digits.bin',
    headers: { range: 'bytes=-3' },
    status: 206,
    text: '789',
  },
  {
    what: 'several ranges',
    target: '/digits.bin',
    headers: { range: 'bytes=0-1,10-11' },
    status: 206,
    has: { 'content-type': /^multipart\/byteranges; boundary=/ },
    text: /Content-Range: bytes 0-1\/200\r\n\r\n01\r\n--.*Content-Range: bytes 10-11\/200\r\n\r\n01\r\n--part-[0-9a-f]+--\r\n$/s,
  },
  {
    what: 'a range beyond the end',
    target: '/digits.bin',
    headers: { range: 'bytes=200-' },
    status: 416,
    has: { 'content-range': 'bytes */200', etag: null },
  },
  {
    what: 'overlapping ranges are one',
    target: '/digits.bin',
    headers: { range: 'bytes=0-5,3-9' },
    status: 206,
    text: '0123456789',
  },
  {
    what: 'more ranges than anybody needs',
    target: '/digits.bin',
    headers: { range: `bytes=${Array.from({ length: 30 }, (_, at) => `${at * 2}-${at * 2}`).join(',')}` },
    status: 200,
    has: { 'content-length': '200' },
  },
  { what: 'a malformed range', target: '/digits.bin', headers: { range: 'bytes=a-b' }, status: 200 },
  { what: 'another unit', target: '/digits.bin', headers: { range: 'items=0-1' }, status: 200 },
  {
    what: 'If-Range that fits',
    target: '/digits.bin',
    headers: { range: 'bytes=0-0', 'if-range': `"${SHA}"` },
    status: 206,
  },
  {
    what: 'If-Range of another content',
    target: '/digits.bin',
    headers: { range: 'bytes=0-0', 'if-range': '"x"' },
    status: 200,
  },
  {
    what: 'If-Range that is weak',
    target: '/digits.bin',
    headers: { range: 'bytes=0-0', 'if-range': `W/"${SHA}"` },
    status: 200,
  },
  {
    what: 'no range of a compressed form',
    target: '/app.4f2a1c9e.css',
    headers: { range: 'bytes=0-3', 'accept-encoding': 'br' },
    status: 206,
    text: 'body',
    has: { 'content-encoding': null },
  },
  {
    what: 'a range of HEAD',
    target: '/digits.bin',
    method: 'HEAD',
    headers: { range: 'bytes=0-3' },
    status: 200,
  },
  // negotiation
  {
    what: 'br',
    target: '/app.4f2a1c9e.css',
    headers: { 'accept-encoding': 'gzip, br' },
    status: 200,
    has: { 'content-encoding': 'br', vary: 'Accept-Encoding', etag: /-br"$/ },
  },
  {
    what: 'gzip where it weighs more',
    target: '/app.4f2a1c9e.css',
    headers: { 'accept-encoding': 'gzip;q=1, br;q=0.5' },
    status: 200,
    has: { 'content-encoding': 'gzip', etag: /-gzip"$/ },
  },
  {
    what: 'br that is refused',
    target: '/app.4f2a1c9e.css',
    headers: { 'accept-encoding': 'br;q=0, gzip' },
    status: 200,
    has: { 'content-encoding': 'gzip' },
  },
  {
    what: 'anything',
    target: '/app.4f2a1c9e.css',
    headers: { 'accept-encoding': '*' },
    status: 200,
    has: { 'content-encoding': 'br' },
  },
  {
    what: 'nothing said',
    target: '/app.4f2a1c9e.css',
    status: 200,
    text: LONG,
    has: { 'content-encoding': null, vary: 'Accept-Encoding' },
  },
  {
    what: 'what does not shrink has one form',
    target: '/',
    headers: { 'accept-encoding': 'br' },
    status: 200,
    has: { 'content-encoding': null, vary: null },
  },
  // caching and rules
  {
    what: 'a hashed name',
    target: '/app.4f2a1c9e.css',
    status: 200,
    has: { 'cache-control': 'public, max-age=31536000, immutable' },
  },
  {
    what: 'a placeholder in a header',
    target: '/docs/index.html',
    status: 200,
    has: { 'x-doc': 'index.html' },
  },
  { what: 'a redirect', target: '/old?a=1', status: 301, has: { location: '/about?a=1' } },
  { what: 'a splat', target: '/go/docs/', status: 302, has: { location: '/docs/' } },
  {
    what: 'placeholders',
    target: '/news/2026/hello',
    status: 308,
    has: { location: '/about?y=2026&s=hello' },
  },
  { what: 'a rewrite', target: '/shadow/what', status: 200, text: '<h1>about</h1>' },
  { what: 'a file goes before a redirect', target: '/about', status: 200 },
  { what: 'unless it is forced', target: '/plain.css', status: 307, has: { location: '/docs/' } },
  {
    what: 'another server',
    target: '/away/a%20b?c=d',
    status: 303,
    has: { location: 'https://example.com/x/a%20b?c=d' },
  },
  { what: 'a rule for 404', target: '/gone', status: 404, text: 'nowhere' },
  {
    what: 'a rule for a parameter',
    target: '/find?id=7%262',
    status: 302,
    has: { location: '/about?item=7%262' },
  },
  { what: 'a parameter that is not there', target: '/find', status: 404 },
  // errors
  {
    what: 'another method',
    target: '/about',
    method: 'PUT',
    status: 405,
    has: { allow: 'GET, HEAD, OPTIONS' },
  },
  { what: 'OPTIONS', target: '/about', method: 'OPTIONS', status: 204, has: { allow: 'GET, HEAD, OPTIONS' } },
  { what: 'another method where nothing is', target: '/none', method: 'DELETE', status: 404 },
  { what: 'a malformed escape', target: '/%zz', status: 400 },
  { what: 'half an escape', target: '/a%', status: 400 },
  { what: 'an overlong escape', target: '/%c0%ae%c0%ae/etc/passwd', status: 400 },
  { what: 'an overlong slash', target: '/..%c0%af', status: 400 },
  { what: 'an address that is too long', target: `/${'a'.repeat(9000)}`, status: 414 },
  { what: 'headers that are too large', target: '/', headers: { 'x-a': 'a'.repeat(20_000) }, status: 431 },
  // traversal
  ...[
    '/../etc/passwd',
    '/docs/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/docs/%2E%2E/index.html',
    '/docs/..%2findex.html',
    '/docs%2findex.html',
    '/docs%5cindex.html',
    '/docs\\index.html',
    '/./index.html',
    '/index.html%00',
    '/%00',
    '/docs/.%2e/index.html',
    '/a%0d%0aX-Injected:1',
  ].map((target) => ({ what: `traversal ${target}`, target, status: 400, has: { 'x-injected': null } })),
  { what: 'encoded twice is a name', target: '/%252e%252e/index.html', status: 404 },
  { what: 'an empty segment is no host', target: '//evil.example/..', status: 400 },
  {
    what: 'a redirect to no other host',
    target: '/go//evil.example',
    status: 302,
    has: { location: '/evil.example' },
  },
  { what: 'a redirect to no other host, encoded', target: '/go/%2f%2fevil.example', status: 400 },
  { what: 'an empty segment', target: '//docs/', status: 404, has: { location: null } },
  // what no cache has in its key changes nothing
  {
    what: 'forwarded names',
    target: '/docs',
    headers: {
      'x-forwarded-proto': 'https',
      'x-original-url': '/x',
      'x-rewrite-url': '/x',
      'x-forwarded-prefix': '/x',
    },
    status: 308,
    has: { location: '/docs/' },
  },
];
