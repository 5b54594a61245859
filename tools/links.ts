// Every relative link of a Markdown file leads to a file, and every `#anchor` to a heading. Exits 1 on any that does not.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRepository } from './structure/repository.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const LINK =
  /\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)|<img[^>]*?\ssrc="([^"]+)"|<source[^>]*?\ssrcset="([^"]+)"/g;
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;

/** Code is quoted, not linked. */
const prose = (text: string): string =>
  text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** The anchor that a forge gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): Set<string> =>
  new Set([...text.matchAll(/^#{1,6}\s+(.+?)\s*$/gm)].map(([, heading]) => anchorOf(heading ?? '')));

const findingOf = (file: string, link: string): string | undefined => {
  const [path = '', anchor] = decodeURI(link).split('#');
  const target = path === '' ? file : normalize(join(dirname(file), path));
  if (relative('.', target).startsWith('..')) return `${link} leaves the repository`;
  if (!existsSync(join(root, target))) return `${link} leads nowhere`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor)
    ? undefined
    : `${link}: no such heading`;
};

let count = 0;
const findings = [...readRepository(root)]
  .filter(([file]) => file.endsWith('.md'))
  .flatMap(([file, text]) =>
    [...prose(text).matchAll(LINK)]
      .map(([, link, image, source]) => link ?? image ?? source ?? '')
      .filter((link) => !ELSEWHERE.test(link))
      .flatMap((link) => {
        count += 1;
        const finding = findingOf(file, link);
        return finding === undefined ? [] : [`${file}: ${finding}`];
      }),
  );
for (const finding of findings) console.error(finding);
console.log(`${count} links, ${findings.length} broken`);
process.exitCode = findings.length > 0 ? 1 : 0;
