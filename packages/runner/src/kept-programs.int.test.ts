import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Deadline, systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { expect, test as base } from 'vitest';
import { record, versionOf } from '../test/runner-fixture.ts';
import { createRunner } from './create-runner.ts';
import { openKeptPrograms } from './kept-programs.ts';
import { locatePaths } from './runner-paths.ts';

const bystander = versionOf('bystander');

/** `root` with `home`, where programs are kept, and `made` and `taken` for their files. */
const test = base.extend<{ root: string }>({
  root: async ({ task: _task }, use) => {
    const root = await mkdtemp(join(tmpdir(), 'switchyard-programs-'));
    for (const name of ['made', 'taken']) await mkdir(join(root, name));
    await writeFile(join(root, 'made/host.mjs'), 'as it was made');
    await use(root);
    await rm(root, { recursive: true });
  },
});

const textsOf = async (dir: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(dir)).map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const),
    ),
  );

test('what was kept is taken by the same sources, and by no others', async ({ root }) => {
  const [home, made, taken] = ['home', 'made', 'taken'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const sources = locatePaths();
  expect(await (await openKeptPrograms(home, sources))?.take(taken)).toBe(false);
  await (await openKeptPrograms(home, sources))?.keep(made);
  const hostDir = join(root, 'host');
  await cp(dirname(sources.hostEntry), hostDir, { recursive: true });
  const same = { ...sources, hostEntry: join(hostDir, 'main.ts') };
  expect(await (await openKeptPrograms(home, same))?.take(taken)).toBe(true);
  expect(await textsOf(taken)).toEqual({ 'host.mjs': 'as it was made' });
  await writeFile(same.hostEntry, `${await readFile(same.hostEntry, 'utf8')}\n`);
  const other = await openKeptPrograms(home, same);
  expect(await other?.take(taken)).toBe(false);
  await writeFile(join(made, 'host.mjs'), 'as it is now');
  await other?.keep(made);
  expect(await other?.take(taken)).toBe(true);
  expect(await textsOf(taken)).toEqual({ 'host.mjs': 'as it is now' });
  // Of one checkout one is enough.
  expect(await readdir(home)).toHaveLength(1);
});

test('a program that is not whole is not taken, and the next one takes its place', async ({ root }) => {
  const [home, made, taken] = [join(root, 'home'), join(root, 'made'), join(root, 'taken')];
  const programs = await openKeptPrograms(home, locatePaths());
  await programs?.keep(made);
  const [key = ''] = await readdir(home);
  for (const file of ['host.mjs', 'sums.json']) {
    await writeFile(join(home, key, file), '');
    expect(await programs?.take(taken)).toBe(false);
    await programs?.keep(made);
    expect(await programs?.take(taken)).toBe(true);
  }
});

test('without a bundler nothing is known by which a program could be kept', async ({ root }) => {
  const builder = join(root, 'build.ts');
  await writeFile(builder, '');
  expect(await openKeptPrograms(join(root, 'home'), { ...locatePaths(), builder })).toBeUndefined();
});

test('a runner starts its hosts by what another one kept', async ({ root }) => {
  const programsDir = join(root, 'home');
  const answers: string[] = [];
  const kept: number[] = [];
  for (const _life of ['first', 'second']) {
    const runner = createRunner({
      clock: systemClock,
      log: silentLog,
      metrics: createMetrics({ service: 'test' }),
      config: { sandbox: 'permission', startMs: 60_000, waitMs: 60_000, programsDir },
    });
    try {
      await runner.start();
      await runner.inspect(bystander);
      const turn = record('hello');
      await runner.invoke(bystander, turn);
      answers.push(turn.answer());
      // Whoever makes one puts another folder in its place.
      for (const key of await readdir(programsDir)) kept.push((await stat(join(programsDir, key))).ino);
    } finally {
      await runner.stop(Deadline.in(5000));
    }
  }
  expect(answers).toEqual(['01234', '01234']);
  expect(kept).toHaveLength(2);
  expect(kept[0]).toBe(kept[1]);
});
