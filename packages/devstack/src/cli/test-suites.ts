import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './arguments.ts';
import { paints, seconds } from './progress.ts';
import { runCommand } from './run-command.ts';
import { addTallies, failuresOf, tallyReport } from './test-report.ts';
import type { Tally, VitestReport } from './test-report.ts';

const SUITES = ['unit', 'integration', 'cluster', 'model', 'e2e', 'browser', 'crash', 'chaos'] as const;
/** Compose needs a docker daemon, a thousand reloads take a quarter of an hour. */
const BY_NAME_ONLY = ['compose', 'reloads'] as const;
/** `--deep`: the model explores for this long instead of a count of schedules; MODEL_SECONDS says another time. */
const DEEP = '--deep';
const DEEP_SECONDS = '600';

/** The crash suite is asked for by the names of its points, which are tests and not files. */
const filtersFor = (root: string, suite: string, filters: readonly string[]): string[] =>
  filters.flatMap((filter) =>
    suite === 'crash' && !existsSync(join(root, 'tests', 'crash', `${filter}.test.ts`))
      ? ['-t', filter]
      : [filter],
  );

const readReport = (file: string): VitestReport | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as VitestReport) : undefined;

interface SuiteRun {
  readonly tally: Tally;
  readonly failures: readonly string[];
}

const runSuite = async (root: string, suite: string, words: readonly string[]): Promise<SuiteRun> => {
  const file = join(root, '.cache', `test-${suite}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(file, { force: true });
  console.log(paints.bold(`\n── ${suite}`));
  const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile.json', file];
  const isDeep = suite === 'model' && words.includes(DEEP);
  const filters = words.filter((word) => !isDeep || word !== DEEP);
  const env = isDeep ? { MODEL_SECONDS: process.env['MODEL_SECONDS'] ?? DEEP_SECONDS } : {};
  const command = ['vitest', 'run', '--project', suite, ...reporters, ...filtersFor(root, suite, filters)];
  const { code, ms } = await runCommand(root, command, { isShown: true, env });
  const report = readReport(file);
  const tally = tallyReport(report, code);
  console.log(
    `${suite}: ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped in ${seconds(ms)}`,
  );
  const failures = failuresOf(report, root).map((each) => `${suite}: ${each}`);
  const isUnnamed = tally.failed > 0 && failures.length === 0;
  return { tally, failures: isUnnamed ? [`${suite}: ended with code ${code}, no test is named`] : failures };
};

/** Docker compose needs a daemon, which not every machine has: that is said, not hidden. */
const canCompose = async (root: string): Promise<boolean> => {
  const { code } = await runCommand(root, ['docker', 'info'], { isShown: false });
  return code === 0;
};

/** Runs the named suite, or all; the last line of the output is `N passed, N failed`. */
export const testSuites = async (root: string, argv: readonly string[]): Promise<number> => {
  const [first, ...others] = argv;
  const known: readonly string[] = [...SUITES, ...BY_NAME_ONLY];
  if (first !== undefined && !known.includes(first)) {
    throw new UsageError(`there is no suite ${first}; there is ${known.join(', ')}`);
  }
  if (first === 'compose' && !(await canCompose(root))) {
    console.log('compose: skipped, no docker daemon answers here (`docker info` fails)');
    return 0;
  }
  const runs: SuiteRun[] = [];
  for (const suite of first === undefined ? SUITES : [first]) runs.push(await runSuite(root, suite, others));
  const { passed, failed, skipped } = addTallies(runs.map(({ tally }) => tally));
  for (const failure of runs.flatMap(({ failures }) => failures)) console.log(`\nfailed in ${failure}`);
  if (skipped > 0) console.log(`\n${skipped} skipped`);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
};
