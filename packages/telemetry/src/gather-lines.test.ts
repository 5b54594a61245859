import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { gatherLines } from './gather-lines.ts';
import { createLog } from './log.ts';

test('lines wait for each other, no longer than they may and no more than they may be', () => {
  vi.useFakeTimers();
  const written: string[] = [];
  const lines = gatherLines({ write: (text: string) => void written.push(text) }, 50);
  lines.write('a\n');
  vi.advanceTimersByTime(49);
  lines.write('b\n');
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(['a\nb\n']);
  lines.write('c\n');
  lines.flush();
  lines.flush();
  lines.write('x'.repeat(65_536));
  expect(written.slice(1)).toEqual(['c\n', 'x'.repeat(65_536)]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Says these, and ends as told. */
const linesOf = (program: string): string[] => {
  const log = path.join(import.meta.dirname, 'log.ts');
  const source = `import { createLog } from ${JSON.stringify(log)};
    const log = createLog({ service: 'x', level: 'info', gatherMs: 60_000 });
    ${program}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { msg: string }).msg);
};

test('what is worse than info waits for nothing, nor does what was said before it', () => {
  const written: string[] = [];
  const destination = { write: (text: string) => void written.push(text) };
  const log = createLog({ service: 'x', level: 'info', gatherMs: 60_000, destination });
  log.info('one');
  expect(written).toEqual([]);
  log.child({}).warn('two');
  expect(written).toEqual([expect.stringMatching(/"one"[^]*"two"/u)]);
  log.error('three');
  expect(written).toHaveLength(2);
});

test('what waits is written when the process ends, and is lost when it is killed', () => {
  expect(linesOf(`log.info('one'); log.child({}).info('two'); process.exit(0);`)).toEqual(['one', 'two']);
  expect(
    linesOf(`log.info('one'); process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`),
  ).toEqual([]);
});
