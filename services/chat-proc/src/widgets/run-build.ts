import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { PlatformError } from '@switchyard/kernel';
import { buildCommand } from './build-command.ts';
import type { BuildSandbox } from './build-command.ts';

export interface BuildLimits {
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly maxFiles: number;
  readonly maxTotalBytes: number;
}

export interface BuildOptions {
  /** Folder of the version: all of it may be read. */
  readonly versionDir: string;
  /** Folder of the widget's sources, with an `index.html`. */
  readonly root: string;
  /** Empty and there. */
  readonly outDir: string;
  readonly sandbox: BuildSandbox;
  readonly limits: BuildLimits;
}

const run = promisify(execFile);
const MAX_REASON_CHARACTERS = 2_000;
const MAX_OUTPUT_BYTES = 64 * 1024;
const PROGRAM = join(import.meta.dirname, 'build-program.ts');
const CLIENT = fileURLToPath(import.meta.resolve('@switchyard/bundle-sdk/widget'));

/** Folders named node_modules in which Vite and its parts lie: of this service, and of the repository. */
function librariesOf(): string[] {
  const vite = fileURLToPath(import.meta.resolve('vite'));
  return [vite.slice(0, vite.lastIndexOf('node_modules') + 'node_modules'.length)];
}

/** One build in a process of its own. Rejects UNPROCESSABLE with what the author must know. */
export async function runBuild({ versionDir, root, outDir, sandbox, limits }: BuildOptions): Promise<void> {
  const { command, args } = buildCommand({
    sandbox,
    nodePath: process.execPath,
    programFile: PROGRAM,
    readable: [
      ...librariesOf(),
      resolve(PROGRAM, '../../../package.json'),
      PROGRAM,
      dirname(CLIENT),
      versionDir,
    ],
    outDir,
    memoryMb: limits.memoryMb,
    maxFileBytes: limits.maxTotalBytes,
    order: { root, outDir, clientFile: CLIENT, sources: [versionDir, CLIENT, ...librariesOf()] },
  });
  try {
    await run(command, args, {
      timeout: limits.timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { PATH: '/usr/bin:/bin' },
    });
  } catch (error) {
    throw PlatformError.of('UNPROCESSABLE', reasonOf(error, versionDir, limits));
  }
  await checkOutput(outDir, limits);
}

function reasonOf(error: unknown, versionDir: string, { timeoutMs }: BuildLimits): string {
  const { killed, signal, stderr } = error as { killed?: boolean; signal?: string | null; stderr?: string };
  if (killed === true) return `it took longer than ${timeoutMs / 1000} s, or wrote too much.`;
  // Addresses of this machine are none of the author's; the bundler leaves the first slash out.
  const said = stripVTControlCharacters(stderr ?? '')
    .replaceAll(`${versionDir}/`, '')
    .replaceAll(`${versionDir.slice(1)}/`, '')
    .trim();
  if (said !== '') return said.slice(0, MAX_REASON_CHARACTERS);
  return signal === null || signal === undefined ? 'it ended without a word.' : `it ended by ${signal}.`;
}

async function checkOutput(outDir: string, { maxFiles, maxTotalBytes }: BuildLimits): Promise<void> {
  let files = 0;
  let bytes = 0;
  for (const entry of await readdir(outDir, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw PlatformError.of('UNPROCESSABLE', 'it made something that is no file.');
    files += 1;
    bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  if (files > maxFiles || bytes > maxTotalBytes)
    throw PlatformError.of('UNPROCESSABLE', `it made more than ${maxFiles} files or ${maxTotalBytes} bytes.`);
}
