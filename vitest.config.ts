import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { TestProjectConfiguration } from 'vitest/config';

/** Every test file has a process of its own, and many start services: what all of them are made of is compiled once. */
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('.cache/compiled', import.meta.url));

const EVERYWHERE = ['packages', 'services', 'bundles', 'tools'];
const SERVERS = ['./packages/testkit/src/global-setup.ts'];

const beside = (suffix: string): string[] => EVERYWHERE.map((room) => `${room}/**/*${suffix}`);

/** How long `expect.poll` waits for what must come: a machine that is busy is slow, not wrong. */
const PATIENCE = { poll: { timeout: 10_000 } };

/** Whole-stack projects start processes of their own and measure time: one file at a time. */
const wholeStack = (name: string, include: string[]): TestProjectConfiguration => ({
  test: {
    name,
    include,
    setupFiles: ['./packages/testkit/src/tell-steps-setup.ts'],
    globalSetup: SERVERS,
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: PATIENCE,
    retry: 0,
  },
});

export default defineConfig({
  test: {
    // Nothing may pass because nothing was there to run.
    passWithNoTests: false,
    // What a run on another machine found is known by its message alone.
    chaiConfig: { truncateThreshold: 400 },
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            ...beside('.test.ts'),
            ...beside('.test.tsx'),
            'tests/history/**/*.test.ts',
            'tests/crash/unit/*.test.ts',
            'tests/compose/unit/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/*.int.test.ts', '**/*.browser.test.ts'],
          expect: PATIENCE,
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: beside('.int.test.ts'),
          exclude: ['**/node_modules/**'],
          globalSetup: SERVERS,
          pool: 'forks',
          maxWorkers: 2,
          expect: PATIENCE,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      // What a reload leaves behind, a thousand times: minutes. Run by name only; `integration` has it with fewer.
      {
        test: {
          name: 'reloads',
          include: ['services/chat-proc/src/reloads.int.test.ts'],
          env: { RELOADS: '1000' },
          globalSetup: SERVERS,
          pool: 'forks',
          hookTimeout: 60_000,
        },
      },
      // The heart once more, on a cluster of three nodes that the run starts.
      {
        test: {
          name: 'cluster',
          include: ['packages/turns/src/**/*.int.test.ts', 'packages/relay/src/**/*.int.test.ts'],
          // Failovers have groups of their own; the roads of redis-health stand in front of one address, and a cluster tells its own.
          exclude: ['**/failover.int.test.ts', '**/redis-health.int.test.ts'],
          globalSetup: SERVERS,
          pool: 'forks',
          maxWorkers: 2,
          expect: PATIENCE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      wholeStack('e2e', ['tests/e2e/**/*.test.ts']),
      wholeStack('browser', ['tests/browser/**/*.test.ts']),
      wholeStack('chaos', ['tests/chaos/**/*.test.ts']),
      wholeStack('crash', ['tests/crash/*.test.ts']),
      // The queue's protocol under every order of its steps: a count of schedules, not a time.
      {
        test: {
          name: 'model',
          include: ['tests/model/**/*.test.ts'],
          globalSetup: SERVERS,
          pool: 'forks',
          maxWorkers: 2,
          // It does the same on every machine, however long that takes there.
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
      // Images, containers, volumes: needs a docker daemon and brings its own stores. Run by name only.
      {
        test: {
          name: 'compose',
          include: ['tests/compose/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
