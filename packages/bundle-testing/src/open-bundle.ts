import { stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import { Deadline, systemClock } from '@switchyard/kernel';
import type { BundleManifest } from '@switchyard/protocol';
import { createRunner, describeFailure } from '@switchyard/runner';
import type { BundleVersion, Runner, RunnerConfig } from '@switchyard/runner';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { createFakePlatform } from './fake-platform.ts';
import { TestBundle } from './test-bundle.ts';

export interface OpenOptions {
  /** What differs from the defaults of the bundle's props. */
  readonly props?: Record<string, unknown>;
  readonly secrets?: Record<string, string>;
  /** As on the server: `permission` where nothing is said. `none` for a debugger. */
  readonly sandbox?: RunnerConfig['sandbox'];
  /** Limits of the runner, in milliseconds and bytes; shorter ones make tests of limits quick. */
  readonly limits?: Partial<
    Pick<RunnerConfig, 'startMs' | 'blockedMs' | 'cancelGraceMs' | 'memoryMb' | 'waitMs' | 'maxFileBytes'>
  >;
}

const STOP_MS = 2000;
/** Beside what else is made once of this checkout: only the first bundle waits until the program of hosts is made. */
const PROGRAMS_DIR = join(import.meta.dirname, '../../../.cache/programs');
/** Ten times the server's: a machine that runs many tests at once is slow, not wrong. */
const START_MS = 100_000;

/**
 * Starts a bundle in a real host, as the server does, with a platform in memory. `entry` is its entry file: a URL, an absolute path,
 * or a path relative to the file that calls. Rejects with the author's own error when it does not load. Close it, or say `await using`.
 */
export async function openBundle(entry: string | URL, options: OpenOptions = {}): Promise<TestBundle> {
  const file = locate(entry, callerFile());
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw new Error(`there is no file ${file}`);
  const runner = createRunner({
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics({ service: 'bundle-testing' }),
    config: {
      sandbox: options.sandbox ?? 'permission',
      startMs: START_MS,
      programsDir: PROGRAMS_DIR,
      ...options.limits,
    },
  });
  await runner.start();
  // All that the host may read. A bundle may keep its entry in `src`, as the registry lets it.
  const dir = basename(dirname(file)) === 'src' ? dirname(dirname(file)) : dirname(file);
  const version = { bundleId: basename(dir), versionId: 'test', dir, entry: file.slice(dir.length + 1) };
  try {
    const manifest = await inspect(runner, version, options.props ?? {});
    const platform = createFakePlatform();
    for (const [name, value] of Object.entries(options.secrets ?? {})) platform.secrets.set(name, value);
    return new TestBundle({ runner, version, manifest, platform });
  } catch (error) {
    await runner.stop(Deadline.in(STOP_MS));
    throw new Error(`the bundle does not load: ${describeFailure(error)}`, { cause: error });
  }
}

async function inspect(
  runner: Runner,
  version: BundleVersion,
  props: Record<string, unknown>,
): Promise<BundleManifest> {
  if (Object.keys(props).length > 0) await runner.setProps(version.bundleId, props);
  return runner.inspect(version);
}

function locate(entry: string | URL, caller: string): string {
  if (entry instanceof URL || entry.startsWith('file:')) return fileURLToPath(entry);
  return isAbsolute(entry) ? entry : join(dirname(caller), entry);
}

/** The first file of the stack that is not this one. */
function callerFile(): string {
  const names = getCallSites().map(({ scriptName }) =>
    scriptName.startsWith('file:') ? fileURLToPath(scriptName) : scriptName,
  );
  return names.find((name) => isAbsolute(name) && name !== import.meta.filename) ?? process.cwd();
}
