import { fileURLToPath } from 'node:url';

/** Where the platform's own code lies: the repository, or what it was installed into. */
const OWN_ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/u, '');

/**
 * Takes folders of this machine out of what clients read of a predictor: traces name its own files from its folder, the platform's from
 * `<switchyard>`, and what was written for the process from `<host>`.
 */
export function createPathMask(sourceDir: string, hostDir?: string): (text: string) => string {
  const shown = [
    [sourceDir, '.'],
    ...(hostDir === undefined ? [] : [[hostDir, '<host>']]),
    [OWN_ROOT, '<switchyard>'],
  ] as const;
  // The longest first: one may lie in another.
  const pairs = shown
    .flatMap(([dir = '', name = '']) => [
      [`file://${dir}`, name],
      [dir, name],
    ])
    .toSorted(([one = ''], [other = '']) => other.length - one.length);
  return (text) =>
    text.includes('/')
      ? pairs.reduce((all, [path = '', name = '']) => all.replaceAll(path, name), text)
      : text;
}
