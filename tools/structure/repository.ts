import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text files of the repository by their path from the root. */
export type Repository = ReadonlyMap<string, string>;

/** One broken rule: where, and in one sentence what to do about it. */
export interface Finding {
  readonly file: string;
  readonly message: string;
}

export type Rule = (repository: Repository) => Finding[];

const TEXT = /\.(ts|tsx|js|mjs|lua|sql|md|json|yml|yaml|css|html|sh)$|(^|\/)(dev|run|Dockerfile)$/;
const GENERATED = /(^|\/)(package-lock\.json|openapi\.json|LICENSE)$|\.gen\.ts$/;

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // deleted in the working tree, still in the index
  }
};

/** What git tracks or would track: ignored folders (node_modules, data, builds) are never looked at. */
export const readRepository = (root: string): Repository => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  const files = new Map<string, string>();
  for (const file of listed.split('\0')) {
    if (!TEXT.test(file) || GENERATED.test(file)) continue;
    const text = readText(join(root, file));
    if (text !== undefined) files.set(file, text);
  }
  return files;
};

/** Folders that are a room: the place of a package.json under packages, services and bundles. */
export const roomsOf = (repository: Repository): string[] =>
  [...repository.keys()]
    .filter((file) => /^(packages|services|bundles)\/[^/]+\/package\.json$/.test(file))
    .map((file) => file.slice(0, -'/package.json'.length));
