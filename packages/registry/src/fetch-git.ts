import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Deadline, PlatformError } from '@switchyard/kernel';
import { GitFailure, runGit } from './run-git.ts';
import type { GitRun } from './run-git.ts';
import { DEFAULT_SOURCE_LIMITS } from './source-files.ts';
import type { SourceLimits } from './source-files.ts';

export interface GitSource {
  /** `https://host/owner/name.git` */
  readonly url: string;
  /** Branch, tag or full commit. */
  readonly ref: string;
  /** Folder of the bundle in the repository. */
  readonly subdir?: string | undefined;
}

export interface GitLimits {
  /** Hosts from which repositories may be fetched; `*`: any. */
  readonly hosts: readonly string[];
  /** Of all that git does for one fetch. */
  readonly timeoutMs: number;
  /** Bytes that come over the network, as git packs them. */
  readonly maxFetchBytes: number;
}

/** A name that git could read as an option or as an address is none. */
const REF = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/;

/**
 * No configuration of this machine, no hooks, no prompts, no helper programs, and https alone: what a repository says about itself
 * must not run anything here or read a file of this machine.
 */
const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'true',
  GIT_LFS_SKIP_SMUDGE: '1',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};
/** A redirect would lead to a host that nobody allowed. */
const OPTIONS = [
  'core.hooksPath=/dev/null',
  'http.followRedirects=false',
  // What was fetched stays the one file that it came as, so that its size is what a limit of files bounds.
  'fetch.unpackLimit=1',
  // Larger objects are read as streams, not as a whole.
  'core.bigFileThreshold=16m',
].flatMap((option) => ['-c', option]);

/**
 * Brings one commit into `dir`, which must not exist, and returns the bundle's folder in it. Rejects UNPROCESSABLE with what git says or
 * what was too large, and UNAVAILABLE when there is no git here.
 *
 * @param protocols for tests that serve a repository from a folder; `https` everywhere else
 */
export async function fetchGit(
  { url, ref, subdir = '' }: GitSource,
  dir: string,
  limits: GitLimits & { readonly unpacked?: SourceLimits },
  protocols = ['https'],
): Promise<string> {
  requireAllowed(url, limits.hosts, protocols);
  if (!REF.test(ref) || ref.includes('..')) throw refuse('this is no ref', 'ref');
  const segments = subdir.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw refuse('subdir leads out of the repository', 'subdir');
  await mkdir(dir);
  const run: GitRun = {
    dir,
    env: { ...ENVIRONMENT, GIT_ALLOW_PROTOCOL: protocols.join(':') },
    deadline: Deadline.in(limits.timeoutMs),
    maxFileBytes: limits.maxFetchBytes,
  };
  const git = async (...args: string[]): Promise<string> => {
    try {
      return await runGit(run, [...OPTIONS, ...args]);
    } catch (error) {
      throw error instanceof GitFailure ? refuse(error.message, 'url') : error;
    }
  };
  await git('init', '--quiet');
  // One commit alone, as one file whose size is bounded; submodules stay where they are.
  await git('fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--', url, ref);
  const paths = segments.length === 0 ? [] : ['--', segments.join('/')];
  // Before a byte of it is unpacked.
  requireFitting(
    await git('ls-tree', '-r', '-l', '-z', 'FETCH_HEAD', ...paths),
    limits.unpacked ?? DEFAULT_SOURCE_LIMITS,
  );
  await git('checkout', '--quiet', 'FETCH_HEAD', ...(paths.length === 0 ? ['--', '.'] : paths));
  await rm(path.join(dir, '.git'), { recursive: true, force: true });
  return path.join(dir, ...segments);
}

/** @param listed `<mode> <type> <object> <size>\t<path>` each, ended by NUL; what is no file has `-` for its size */
function requireFitting(listed: string, { maxFiles, maxFileBytes, maxTotalBytes }: SourceLimits): void {
  const entries = listed.split('\0').filter((entry) => entry !== '');
  if (entries.length === 0) throw refuse('there is no such folder in the repository', 'subdir');
  if (entries.length > maxFiles) throw refuse(`it has more than ${maxFiles} files`, 'subdir');
  let total = 0;
  for (const entry of entries) {
    const bytes = Number(/^\d+ blob [0-9a-f]+ +(\d+)\t/u.exec(entry)?.[1] ?? 0);
    total += bytes;
    if (bytes > maxFileBytes) throw refuse(`a file is larger than ${maxFileBytes} bytes`, 'subdir');
    if (total > maxTotalBytes) throw refuse(`it has more than ${maxTotalBytes} bytes in all`, 'subdir');
  }
}

function requireAllowed(url: string, hosts: readonly string[], protocols: readonly string[]): void {
  const parsed = URL.parse(url);
  if (parsed === null || !protocols.includes(parsed.protocol.slice(0, -1)))
    throw refuse('the address must begin with https://', 'url');
  if (parsed.username !== '' || parsed.password !== '')
    throw refuse('the address must hold no password', 'url');
  if (!hosts.includes('*') && !hosts.includes(parsed.hostname))
    throw refuse(`repositories of ${parsed.hostname} are not allowed here (BUNDLE_GIT_HOSTS)`, 'url');
}

function refuse(reason: string, field: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `The repository was refused: ${reason}.`, { details: { field } });
}
