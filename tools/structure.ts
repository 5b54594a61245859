// The house's own rules, those that no linter knows. Run by `./dev check`; prints every finding and exits 1 on any.
import { fileURLToPath } from 'node:url';
import { luaRule, mainExportRule, nameRule, sizeRule } from './structure/file-rules.ts';
import { readRepository } from './structure/repository.ts';
import type { Rule } from './structure/repository.ts';
import { indexRule, manifestRule, readmeRule } from './structure/room-rules.ts';
import { doorRule, hostRule, wordRule } from './structure/text-rules.ts';

const RULES: Readonly<Record<string, Rule>> = {
  readme: readmeRule,
  index: indexRule,
  manifest: manifestRule,
  name: nameRule,
  'main-export': mainExportRule,
  size: sizeRule,
  lua: luaRule,
  words: wordRule,
  host: hostRule,
  door: doorRule,
};

const root = fileURLToPath(new URL('..', import.meta.url));
const repository = readRepository(root);
const findings = Object.entries(RULES).flatMap(([name, rule]) =>
  rule(repository).map(({ file, message }) => `${file}: ${message} [${name}]`),
);
for (const finding of findings) console.error(finding);
console.log(`${repository.size} files, ${Object.keys(RULES).length} rules, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
