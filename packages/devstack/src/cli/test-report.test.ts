import { expect, test } from 'vitest';
import { addTallies, failuresOf, tallyReport } from './test-report.ts';
import type { VitestReport } from './test-report.ts';

const report = (parts: Partial<VitestReport>): VitestReport => ({
  numTotalTests: 2,
  numPassedTests: 2,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...parts,
});

const failedFile = {
  name: '/house/room/a.test.ts',
  status: 'failed',
  message: '',
  assertionResults: [
    { status: 'passed', fullName: 'stands', failureMessages: [] },
    {
      status: 'failed',
      fullName: 'counts to two',
      failureMessages: ['expected 1 to be 2\n\n  at a.test.ts:3'],
    },
  ],
};
const brokenFile = {
  name: '/house/b.test.ts',
  status: 'failed',
  message: 'no such module',
  assertionResults: [],
};

test('counts what passed and failed', () => {
  expect(tallyReport(report({ numPassedTests: 1, numFailedTests: 1, testResults: [failedFile] }), 1)).toEqual(
    {
      passed: 1,
      failed: 1,
      skipped: 0,
    },
  );
});

test('a file that could not be loaded is a failure', () => {
  expect(tallyReport(report({ testResults: [brokenFile] }), 1).failed).toBe(1);
});

test('an error outside of a test is a failure', () => {
  expect(tallyReport(report({}), 1).failed).toBe(1);
});

test('a run without tests or without a report is a failure', () => {
  expect(tallyReport(report({ numTotalTests: 0, numPassedTests: 0 }), 0).failed).toBe(1);
  expect(tallyReport(undefined, 0).failed).toBe(1);
});

test('says again what failed, and why', () => {
  expect(failuresOf(report({ testResults: [failedFile, brokenFile] }), '/house')).toEqual([
    'room/a.test.ts > counts to two\n    expected 1 to be 2\n      at a.test.ts:3',
    'b.test.ts\n    no such module',
  ]);
  expect(failuresOf(undefined, '/house')).toEqual([]);
});

test('sums over runs', () => {
  const sum = addTallies([
    { passed: 2, failed: 0, skipped: 1 },
    { passed: 3, failed: 1, skipped: 0 },
  ]);
  expect(sum).toEqual({ passed: 5, failed: 1, skipped: 1 });
});
