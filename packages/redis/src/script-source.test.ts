import { expect, test } from 'vitest';
import { buildScriptSource } from './script-source.ts';

const header = (argv: string) => `-- x: what\n-- KEYS\n--   1: P\n-- ARGV\n${argv}-- Returns 1\n`;

test('arguments become locals, a list becomes the index of its first item', () => {
  const source = buildScriptSource(
    'x',
    `${header('--   run_id, task_id: ids\n--   rest...: more\n')}return 1\n`,
    [],
  );
  expect(source.argv).toEqual(['run_id', 'task_id', 'rest...']);
  expect(source.text).toContain('local run_id = ARGV[1] local task_id = ARGV[2] local rest_at = 3\n');
});

test('the first line stays first, and only the named keys are made', () => {
  const source = buildScriptSource(
    'x',
    `#!lua flags=allow-oom\n${header('--   a: b\n')}return K.seen(1, 2) .. K.epoch\n`,
    [],
  );
  expect(source.text.startsWith('#!lua flags=allow-oom\n')).toBe(true);
  expect(source.text).toContain("K.epoch = P .. ':chat:epoch'");
  expect(source.text).toContain("K.seen = function(p0, p1) return P .. ':chat:seen:' .. p0 .. ':' .. p1 end");
  expect(source.text).not.toContain('K.lane');
});

test('what an include wants done at the end is done wherever the script returns', () => {
  const source = buildScriptSource(
    'x',
    `${header('--   a: b\n')}-- @finally tidy\ntidy = function() end\nif a then return 1 end\nreturn 2\n`,
    [],
  );
  expect(source.text).toContain('local tidy local function script()\n-- x: what\n');
  expect(source.text).toMatch(/return 2\nend\nlocal reply = script\(\) tidy\(\) return reply\n$/);
});

test('what is missing is found at load', () => {
  expect(() => buildScriptSource('x', 'return 1\n', [])).toThrow(/no ARGV/);
  expect(() => buildScriptSource('x', `${header('--   a: b\n')}-- @include nowhere\n`, [])).toThrow(
    /no include nowhere/,
  );
  expect(() => buildScriptSource('x', `${header('--   a: b\n')}return K.nothing\n`, [])).toThrow(
    /no key named nothing/,
  );
  expect(() => buildScriptSource('x', `${header('--   a, a: b\n')}return 1\n`, [])).toThrow(/twice/);
});
