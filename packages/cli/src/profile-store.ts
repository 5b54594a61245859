import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { UsageError } from './exit-codes.ts';

/** One server and how to be somebody there. */
export interface Profile {
  readonly url: string;
  readonly token?: string;
  /** A command of the shell that prints a token, run each time one is needed. */
  readonly tokenCommand?: string;
}

export interface ProfileFile {
  readonly v: 1;
  readonly current: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

const EMPTY: ProfileFile = { v: 1, current: 'default', profiles: {} };

/** `~/.config/switchyard/profiles.json`, or below XDG_CONFIG_HOME. */
export function profilePath(env: Readonly<Record<string, string | undefined>>): string {
  const home = env['HOME'] ?? homedir();
  const xdg = env['XDG_CONFIG_HOME'] ?? '';
  // The standard says that a relative path there is to be ignored.
  const config = path.isAbsolute(xdg) ? xdg : path.join(home, '.config');
  return path.join(config, 'switchyard', 'profiles.json');
}

export async function readProfiles(file: string): Promise<ProfileFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return EMPTY;
    throw error;
  }
  const value = parse(text);
  if (value?.v !== 1) throw new UsageError(`${file} is not a file of profiles; remove it and sign in again.`);
  return value;
}

/** Whole or not at all, and from its first byte readable by its owner alone: it holds tokens. */
export async function writeProfiles(file: string, profiles: ProfileFile): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, `${JSON.stringify(profiles, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(partial, 0o600);
  await rename(partial, file);
}

function parse(text: string): ProfileFile | undefined {
  try {
    return JSON.parse(text) as ProfileFile;
  } catch {
    return undefined;
  }
}
