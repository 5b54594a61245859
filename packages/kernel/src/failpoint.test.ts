import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { armFailpoints, failpoint } from './failpoint.ts';
import type { FailpointEffects } from './failpoint.ts';

const POINT = 'turns.start.after-row';

const looking = (): FailpointEffects & { done: string[] } => {
  const done: string[] = [];
  return {
    done,
    exit: () => void done.push('exit'),
    stall: (ms) => void done.push(`stall ${ms}`),
    term: () => void done.push('term'),
    say: (line) => void done.push(line),
  };
};

afterEach(() => armFailpoints('', 'test'));

test('without FAILPOINTS nothing happens', () => {
  expect(() => failpoint(POINT)).not.toThrow();
});

test('only the named point acts, and once', () => {
  const effects = looking();
  armFailpoints(`${POINT}:exit, turns.end.after-row:stall:250`, 'test', effects);
  failpoint('turns.emit.before-script');
  failpoint(POINT);
  failpoint(POINT);
  failpoint('turns.end.after-row');
  expect(effects.done).toEqual([
    `failpoint ${POINT}: exit`,
    'exit',
    'failpoint turns.end.after-row: stall',
    'stall 250',
  ]);
});

test('the nth pass is the one that acts', () => {
  armFailpoints(`${POINT}:throw:3`, 'test', looking());
  failpoint(POINT);
  failpoint(POINT);
  expect(() => failpoint(POINT)).toThrow(`failpoint ${POINT}`);
  failpoint(POINT);
});

test.each([
  'nothing.of.this:exit',
  `${POINT}:die`,
  `${POINT}:exit:0`,
  `${POINT}:stall`,
  `${POINT}:stall:x`,
  POINT,
  `${POINT}:exit,`,
])('"%s" is refused', (spec) => {
  expect(() => armFailpoints(spec, 'test')).toThrow('FAILPOINTS');
});

test('production refuses any', () => {
  expect(() => armFailpoints(`${POINT}:exit`, 'production')).toThrow('production');
  armFailpoints('', 'production');
});

const runArmed = (spec: string, then: string) => {
  const module = fileURLToPath(new URL('failpoint.ts', import.meta.url));
  const program = `import { armFailpoints, failpoint } from ${JSON.stringify(module)};
    armFailpoints(${JSON.stringify(spec)}, 'test'); ${then}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
};

test('exit kills at once: no line after it runs', () => {
  const { signal, stdout } = runArmed(
    `${POINT}:exit`,
    `console.log('before'); failpoint('${POINT}'); console.log('after');`,
  );
  expect(signal).toBe('SIGKILL');
  expect(stdout).toBe('before\n');
});

test('a stall holds up the whole process: a timer that was due comes after it', () => {
  const { stdout } = runArmed(
    `${POINT}:stall:150`,
    `const from = performance.now(); setTimeout(() => console.log(performance.now() - from >= 150), 1); failpoint('${POINT}');`,
  );
  expect(stdout).toBe('true\n');
});

test('term asks the process to end: its handler runs before the next line', () => {
  const { status, stdout } = runArmed(
    `${POINT}:term`,
    `process.once('SIGTERM', () => { console.log('asked'); clearInterval(alive); });
     const alive = setInterval(() => undefined, 1000); failpoint('${POINT}'); console.log('after');`,
  );
  expect([status, stdout]).toEqual([0, 'asked\nafter\n']);
});
