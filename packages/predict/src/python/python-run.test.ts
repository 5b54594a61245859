import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { HostFolder } from './host-folder.ts';
import { HostLines } from './host-lines.ts';
import { PythonRun } from './python-run.ts';

test('a result that is read before its log is told after it', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-run-'));
  const folder = new HostFolder(dir, { keepFiles: false, now: () => Date.now() });
  const seen: string[] = [];
  const run = new PythonRun({
    call: {
      id: 'a',
      input: {},
      files: [],
      context: {},
      createdAt: '',
      startedAt: '',
      signal: new AbortController().signal,
      onLog: (text) => void seen.push(text),
      onMetric: () => undefined,
      onOutput: () => Promise.resolve(),
    },
    folder,
    ownFolders: [],
    temporaryFolders: [],
    maxFileBytes: 1,
    iterates: false,
    hasMarks: true,
  });
  void run.result.then(({ status }) => seen.push(status));
  await folder.write('response-a-00000.json', { status: 'succeeded', output: 1 });
  await run.look();
  run.line('first');
  run.mark();
  // A turn of the event loop: whatever the first mark set going has had its way.
  await folder.has('nothing');
  run.line('last');
  run.mark();
  await run.result;
  expect(seen).toEqual(['first\n', 'last\n', 'succeeded']);
  await rm(dir, { recursive: true });
});

function linesOf(...chunks: string[]): unknown[] {
  const seen: unknown[] = [];
  const lines = new HostLines({
    onLine: (id, line) => seen.push([id, line.length > 100 ? line.length : line]),
    onEnd: (id) => seen.push(['end', id]),
  });
  for (const chunk of chunks) lines.write(Buffer.from(chunk));
  lines.end();
  return seen;
}

const END = '\u001EEND';

test('lines go to their predictions, whatever the pieces they come in', () => {
  expect(linesOf('[pid=a] on', 'e\n[pid=b] two\r\nraw', `\n[pid=a] ${END}\nlast`)).toEqual([
    ['a', 'one'],
    ['b', 'two'],
    [undefined, 'raw'],
    ['end', 'a'],
    [undefined, 'last'],
  ]);
});

test('an end mark is seen behind a line that never ended, and behind one that was cut', () => {
  expect(linesOf(`raw[pid=a] ${END}\n`)).toEqual([
    [undefined, 'raw'],
    ['end', 'a'],
  ]);
  const [line, end] = linesOf('x'.repeat(1_000_000), `[pid=a] ${END}\n`) as [[undefined, number], unknown];
  expect(line[1]).toBeLessThan(17_000);
  expect(end).toEqual(['end', 'a']);
});
