import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Deadline, systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { expect, test } from 'vitest';
import { BWRAP, record, versionOf } from '../test/runner-fixture.ts';
import { startable } from '../test/startable-levels.ts';
import { createRunner } from './create-runner.ts';
import { locatePaths } from './runner-paths.ts';

const bystander = versionOf('bystander');

/** What the runner warned of, and what a bundle answered in hosts that it started. */
async function answerWith(builder: string, sandbox: 'bwrap' | 'permission') {
  const warnings: { message: string; error: string }[] = [];
  const log = {
    ...silentLog,
    warn: (message: string, fields: { error?: unknown } = {}) =>
      void warnings.push({ message, error: String(fields.error) }),
  };
  const runner = createRunner({
    clock: systemClock,
    log,
    metrics: createMetrics({ service: 'test' }),
    // One host waits and one does not: both start by the program that there is.
    config: { sandbox, startMs: 60_000, waitMs: 60_000, warmHosts: 1, ...BWRAP },
    paths: { ...locatePaths(), builder },
  });
  try {
    await runner.start();
    const manifest = await runner.inspect(bystander);
    const turn = record('hello');
    await runner.invoke(bystander, turn);
    return { warnings, id: manifest.id, answer: turn.answer() };
  } finally {
    await runner.stop(Deadline.in(5000));
  }
}

test.each(startable(['permission', 'bwrap']))(
  'without rolldown hosts start from the sources at %s, and the log says so',
  async (level) => {
    const { builder } = locatePaths();
    // The same program, in a folder from which no package is found.
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-no-rolldown-'));
    try {
      const alone = join(dir, basename(builder));
      await cp(builder, alone);
      const [bundled, fromSources] = [await answerWith(builder, level), await answerWith(alone, level)];
      expect(bundled).toMatchObject({ warnings: [], id: 'bystander' });
      expect(fromSources).toEqual({
        ...bundled,
        warnings: [
          {
            message: 'the program of bundle hosts could not be bundled: they start from its sources',
            error: expect.stringMatching(/Cannot find package 'rolldown'/u) as string,
          },
        ],
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
);
