import { runRequestSchema } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { toProgram } from './to-program.ts';

const LIMITS = { maxTimeoutMs: 1000, maxMemoryBytes: 64 * 1024 * 1024, maxDiskBytes: 10 };
const read = (asked: object) =>
  toProgram(runRequestSchema.parse({ language: 'python', code: '', ...asked }), LIMITS);

test('the code is a file that is run; a command is run in its place', () => {
  expect(read({ code: 'x', stdin: 'in' })).toMatchObject({
    command: ['python3', 'main.py'],
    stdin: 'in',
    files: [{ path: 'main.py', bytes: Buffer.from('x') }],
  });
  expect(read({ command: ['python3', '-V'] }).command).toEqual(['python3', '-V']);
});

test('limits are asked for downwards only', () => {
  const { timeoutMs, memoryBytes } = read({ limits: { timeout_ms: 10, memory_mb: 32 } });
  expect([timeoutMs, memoryBytes]).toEqual([10, 32 * 1024 * 1024]);
  expect(read({ limits: { timeout_ms: 5000, memory_mb: 4096 } })).toMatchObject({
    timeoutMs: 1000,
    memoryBytes: LIMITS.maxMemoryBytes,
  });
  expect(read({})).toMatchObject({ timeoutMs: 1000, memoryBytes: LIMITS.maxMemoryBytes });
});

test.each([[['main.py']], [['a', 'a']], [['a', 'a/b']], [['a/b/c', 'a/b']]])(
  'files %j are two of one path',
  (paths) => {
    const files = paths.map((path) => ({ path, content: '' }));
    expect(() => read({ files })).toThrow('same path');
  },
);

test('files that the folder does not hold are refused', () => {
  expect(() => read({ files: [{ path: 'a', content: Buffer.alloc(11).toString('base64') }] })).toThrow(
    '10 bytes',
  );
});
