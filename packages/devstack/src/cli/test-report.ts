/** The part of vitest's JSON report that counts. */
export interface VitestReport {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file could not be loaded, else empty. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * What one run of the test runner amounts to. A file that could not even be loaded has no failed test in it, an error
 * outside of a test has none either, and a run without tests proves nothing: each counts as one failure.
 */
export const tallyReport = (report: VitestReport | undefined, exitCode: number): Tally => {
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((each) => each.status === 'failed'),
  ).length;
  const counted = report.numFailedTests + broken;
  const isEmpty = report.numTotalTests === 0;
  const failed = counted === 0 && (exitCode !== 0 || isEmpty) ? 1 : counted;
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
};

/** As much of an error as tells what was expected and where; the whole of it stands further up in the output. */
const LINES_OF_AN_ERROR = 36;

const shortened = (message: string): string =>
  message
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('node_modules'))
    .slice(0, LINES_OF_AN_ERROR)
    .map((line) => `    ${line}`)
    .join('\n');

/**
 * The failures of one run, to be said again at its end: whoever is shown only the last lines of a long output has to
 * see what failed and why. `root` is taken off the names of files.
 */
export const failuresOf = (report: VitestReport | undefined, root: string): string[] =>
  (report?.testResults ?? []).flatMap(({ name, status, message, assertionResults }) => {
    const file = name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
    const failed = assertionResults.filter((each) => each.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [`${file}\n${shortened(message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages }) =>
        `${file} > ${fullName}\n${shortened((failureMessages ?? []).join('\n'))}`,
    );
  });

export const addTallies = (tallies: readonly Tally[]): Tally => ({
  passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
  failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
  skipped: tallies.reduce((sum, { skipped }) => sum + skipped, 0),
});
