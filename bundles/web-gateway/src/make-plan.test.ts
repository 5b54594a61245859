import { describe, expect, test } from 'vitest';
import { isImmutable, makePlan } from './make-plan.ts';
import { readHeaders } from './read-headers.ts';
import { readRedirects } from './read-redirects.ts';

const settings = { spa: false, cleanUrls: true };

describe('_headers', () => {
  test('comments, empty lines, line ends of Windows, and rules that name a host', () => {
    const { rules, problems } = readHeaders(
      '# all of it\r\n\r\nhttps://blog.example.com/a/*\r\n  X-One: 1\r\n\t# not this\r\n\tX-Two: a: b\r\n/b\r\n  ! X-One\r\n',
    );
    expect(problems).toEqual([]);
    expect(rules).toEqual([
      {
        pattern: '/a/*',
        set: [
          ['X-One', '1'],
          ['X-Two', 'a: b'],
        ],
        unset: [],
      },
      { pattern: '/b', set: [], unset: ['X-One'] },
    ]);
  });

  test('what frames an answer cannot be set, whatever its letters, and neither can a cookie for everybody', () => {
    const names = ['Set-Cookie', 'transfer-encoding', 'CONTENT-LENGTH', 'Connection', 'Location', 'ETag'];
    const { rules, problems } = readHeaders(`/*\n${names.map((name) => `  ${name}: x`).join('\n')}`);
    expect(rules).toEqual([]);
    expect(problems.map(({ line, message }) => [line, message])).toEqual(
      names.map((name, at) => [at + 2, `${name} is worked out by the platform and cannot be set`]),
    );
  });

  test('a line that could end a header early is no header', () => {
    const wrong = [
      '  X-A : 1',
      '  X A: 1',
      '  : 1',
      '  X-A',
      '  X-A: 1\u0000',
      '  X-A: 1\u2028x',
      '  X-A: 1\rB: 2',
    ];
    const { rules, problems } = readHeaders(`  X-Lost: 1\n/*\n${wrong.join('\n')}`);
    expect(problems.map(({ line }) => line)).toEqual([1, 4, 5, 6, 7, 8, 9]);
    expect(rules).toEqual([{ pattern: '/*', set: [['X-A', '1']], unset: [] }]);
  });

  test('so many rules, so many headers a rule, lines so long; the rest is told', () => {
    const many = Array.from({ length: 501 }, (_, at) => `/${at}\n  X-A: 1`).join('\n');
    expect(readHeaders(many).rules).toHaveLength(500);
    expect(readHeaders(many).problems.map(({ line, message }) => [line, message])).toEqual([
      [1001, 'more than 500 rules'],
      [1002, 'a header without a path above it'],
    ]);
    const wide = readHeaders(`/*\n${'  X-A: 1\n'.repeat(51)}  X-B: ${'b'.repeat(2000)}`);
    expect(wide.rules[0]?.set).toHaveLength(50);
    expect(wide.problems.map(({ message }) => message)).toEqual([
      'more than 50 headers for one path',
      'longer than 2000 characters',
    ]);
  });
});

describe('_redirects', () => {
  const ruleOf = (line: string) => readRedirects(line).rules[0];
  const problemOf = (line: string) => readRedirects(line).problems[0]?.message;

  test('a status that is not said, a comment behind a rule, a host before it, parameters', () => {
    expect(ruleOf('/a /b # as before')).toEqual({
      from: '/a',
      query: [],
      to: '/b',
      status: 302,
      isForced: false,
    });
    expect(ruleOf('https://old.example/a/* https://new.example/:splat 301!')).toEqual({
      from: '/a/*',
      query: [],
      to: 'https://new.example/:splat',
      status: 301,
      isForced: true,
    });
    expect(ruleOf('/s id=:id page=2 /t/:id')?.query).toEqual([
      ['id', ':id'],
      ['page', '2'],
    ]);
    expect(readRedirects('# one\r\n\r\n/a /b\r\n').rules).toHaveLength(1);
  });

  test('what another service would do and this one does not is told, never done in half', () => {
    expect(problemOf('/a /b 302 Country=de')).toContain('conditions by country');
    expect(problemOf('/a https://api.example/ 200')).toContain(
      'a rewrite to another server is not supported',
    );
    expect(problemOf('/a /b 500')).toContain('"500" is no status');
    expect(problemOf('/a')).toBe('there is no address to go to');
    expect(problemOf('a /b')).toContain('is no path');
    expect(problemOf('/*/x/* /b')).toContain('is no path');
    expect(problemOf('/a javascript:alert(1)')).toContain('is neither name=value nor an address');
    expect(problemOf('/a /\\evil.example')).toContain('is no address');
    expect(problemOf(`/a /${'b'.repeat(1000)}`)).toBe('longer than 1000 characters');
  });

  test('so many rules, and the others are told', () => {
    const { rules, problems } = readRedirects('/a /b\n'.repeat(2102));
    expect([rules.length, problems.length, problems[0]?.line]).toEqual([2100, 2, 2101]);
  });
});

test('the files of rules are hidden, a single-page site without its page is told, problems are bounded', () => {
  const facts = { paths: ['_headers', 'a.html'], headers: 'x\n'.repeat(500), redirects: '', settings };
  const plan = makePlan({ ...facts, settings: { ...settings, spa: true } });
  expect([plan.hidden, plan.fallback, plan.problems.length]).toEqual([['_headers'], null, 200]);
  expect(plan.problems[0]).toEqual({
    file: 'index.html',
    line: 0,
    message: 'A single-page site needs an index.html.',
  });
});

test.for([
  ['assets/app.4f2a1c9e.js', true],
  ['assets/index-DkQ3r8_x.css', true],
  ['app.4f2a1c9e.js.map', true],
  ['page.4f2a1c9e.html', false],
  ['report-2026-01-05.pdf', false],
  ['jquery-3.7.1.js', false],
  ['some-longname.css', false],
  ['index.html', false],
] as const)('%s is kept for ever: %s', ([path, isForever]) => {
  expect(isImmutable(path)).toBe(isForever);
});
