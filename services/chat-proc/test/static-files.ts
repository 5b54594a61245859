/** What the site of the static rows is made of. */
export const LONG = 'body{color:red}\n'.repeat(200);
export const DIGITS = '0123456789'.repeat(20);
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
