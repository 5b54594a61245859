import { parseSync } from 'oxc-parser';
import type { Repository } from './repository.ts';

/** A regular expression of the product, and where it stands. */
export interface FoundPattern {
  readonly file: string;
  readonly pattern: RegExp;
}

const CODE = /^(packages|services|bundles)\/.*\.tsx?$/;
/** Tests, what tests are made of, and what makes the build: nobody from outside reaches them. */
const NOT_SERVED =
  /\.(test|browser)\.tsx?$|\/test\/|^packages\/(testkit|devstack|bundle-testing)\/|\/templates\//;

/** Every regular expression that is written in what runs. */
export function patternsIn(repository: Repository): FoundPattern[] {
  const found: FoundPattern[] = [];
  for (const [file, text] of repository) {
    if (!CODE.test(file) || NOT_SERVED.test(file)) continue;
    visit(parseSync(file, text).program, ({ pattern, flags }) =>
      found.push({ file, pattern: new RegExp(pattern, flags) }),
    );
  }
  return found;
}

function visit(node: unknown, found: (regex: { pattern: string; flags: string }) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && node.type === 'Literal' && 'regex' in node)
    found(node.regex as { pattern: string; flags: string });
  for (const child of Object.values(node)) visit(child, found);
}
