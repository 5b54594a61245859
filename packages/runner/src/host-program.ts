import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Log } from '@switchyard/telemetry';
import type { BuildOrder } from './host-program-build.ts';
import { openKeptPrograms } from './kept-programs.ts';
import type { ProgramSources, RunnerPaths } from './runner-paths.ts';
import { SAMPLE_BUNDLE } from './sample-bundle.ts';

const BUILD_MS = 60_000;
/** Not modules: the package's own description, and a pattern. */
const NO_MODULES = ['./package.json', './v4/locales/*'];

/** Every name by which zod can be imported. */
function namesOfZod(sdkEntry: string): string[] {
  const { exports } = createRequire(sdkEntry)('zod/package.json') as { exports: Record<string, unknown> };
  const names = Object.keys(exports).filter((name) => !NO_MODULES.includes(name));
  return names.map((name) => `zod${name.slice(1)}`);
}

const fileOf = (specifier: string): string => specifier.replaceAll('/', '_');

/** Runs the bundler in a process of its own. */
async function bundle(builder: string, order: BuildOrder): Promise<void> {
  await promisify(execFile)(process.execPath, ['--no-warnings', builder, JSON.stringify(order)], {
    timeout: BUILD_MS,
    killSignal: 'SIGKILL',
    env: {},
  });
}

/**
 * The program of hosts, the SDK and zod as a few files of plain JavaScript, made once for all hosts of this runner, in a process of its own.
 * A host that reads the sources instead finds and strips 150 of them at each start: 0.6 s of a processor against 0.2 s, see docs/decisions.
 * Without the bundler, or where it fails, hosts start from the sources, later and all the same.
 *
 * @param workDir absolute; hosts get it to read and never to write
 * @param programsDir absolute; where a program is kept for the next runner, which takes it as long as the sources are the same
 */
export async function buildHostProgram(
  { builder, ...sources }: ProgramSources,
  { workDir, programsDir, log }: { workDir: string; programsDir?: string; log: Log },
): Promise<RunnerPaths> {
  const kept =
    programsDir === undefined ? undefined : await openKeptPrograms(programsDir, { builder, ...sources });
  const outDir = join(workDir, 'program');
  const zod = namesOfZod(sources.sdkEntry);
  const order: BuildOrder = {
    entries: {
      host: sources.hostEntry,
      sdk: sources.sdkEntry,
      ...Object.fromEntries(zod.map((name) => [fileOf(name), createRequire(sources.sdkEntry).resolve(name)])),
    },
    outDir,
  };
  const sample = join(outDir, 'sample.ts');
  await mkdir(outDir, { recursive: true });
  try {
    if ((await kept?.take(outDir)) !== true) {
      await bundle(builder, order);
      await kept?.keep(outDir);
    }
  } catch (error) {
    log.warn('the program of bundle hosts could not be bundled: they start from its sources', { error });
    await writeFile(sample, SAMPLE_BUNDLE);
    return { ...sources, sample, readable: [...sources.readable, outDir] };
  }
  await writeFile(sample, SAMPLE_BUNDLE);
  const at = (name: string): string => join(outDir, `${name}.mjs`);
  return {
    ...sources,
    hostEntry: at('host'),
    sdkEntry: at('sdk'),
    readable: [],
    sample,
    zodUrls: Object.fromEntries(zod.map((name) => [name, pathToFileURL(at(fileOf(name))).href])),
  };
}
