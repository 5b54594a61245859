import { execFile } from 'node:child_process';
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PlatformError, errorCode } from '@switchyard/kernel';

const run = promisify(execFile);

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
  readonly timeoutMs: number;
}

/** A name that git could read as an option or as an address is none. */
const REF = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/;
const MAX_OUTPUT_BYTES = 1024 * 1024;

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
const OPTIONS = ['-c', 'core.hooksPath=/dev/null', '-c', 'http.followRedirects=false'];

/**
 * Brings one commit into `dir`, which must not exist, and returns the bundle's folder in it. Rejects UNPROCESSABLE with what git says, and
 * UNAVAILABLE when there is no git here.
 *
 * @param protocols for tests that serve a repository from a folder; `https` everywhere else
 */
export async function fetchGit(
  { url, ref, subdir = '' }: GitSource,
  dir: string,
  { hosts, timeoutMs }: GitLimits,
  protocols = ['https'],
): Promise<string> {
  requireAllowed(url, hosts, protocols);
  if (!REF.test(ref) || ref.includes('..')) throw refuse('this is no ref', 'ref');
  const segments = subdir.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) throw refuse('subdir leads out of the repository', 'subdir');
  await mkdir(dir);
  const git = async (...args: string[]): Promise<void> => {
    try {
      await run('git', [...OPTIONS, ...args], {
        cwd: dir,
        env: { ...ENVIRONMENT, GIT_ALLOW_PROTOCOL: protocols.join(':') },
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
      });
    } catch (error) {
      if (errorCode(error) === 'ENOENT')
        throw PlatformError.of('UNAVAILABLE', 'There is no git on this worker.', { cause: error });
      throw refuse(reasonOf(error, timeoutMs), 'url');
    }
  };
  await git('init', '--quiet');
  // One commit alone; submodules stay where they are.
  await git('fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules', '--', url, ref);
  await git('checkout', '--quiet', '--detach', 'FETCH_HEAD');
  await rm(path.join(dir, '.git'), { recursive: true, force: true });
  const folder = path.join(dir, ...segments);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw refuse('there is no such folder in the repository', 'subdir');
  return folder;
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

function reasonOf(error: unknown, timeoutMs: number): string {
  const { killed, stderr } = error as { killed?: boolean; stderr?: string };
  if (killed === true) return `git did not end within ${timeoutMs} ms`;
  return (stderr ?? '').trim().split('\n').at(-1)?.slice(0, 300) || 'git failed';
}

function refuse(reason: string, field: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `The repository was refused: ${reason}.`, { details: { field } });
}
