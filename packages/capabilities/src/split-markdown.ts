/** The part of a page under one heading, as it is indexed and quoted. */
export interface MarkdownPassage {
  /** Own heading with those above it up to the page's title, joined by ` › `. Empty for a page's opening. */
  heading: string;
  /** GitHub's anchor of the own heading. Empty for a page's opening. */
  anchor: string;
  /** Markdown without the heading line. Never empty. */
  text: string;
}

export interface MarkdownPage {
  title: string;
  passages: MarkdownPassage[];
}

/** Longer sections are divided at blank lines, so that one passage stays something that can be ranked and quoted. */
const MAX_PASSAGE = 3_000;
const DEEPEST_HEADING = 4;

interface Heading {
  level: number;
  text: string;
}

/**
 * Splits a page at its headings. What stands in a fenced code block is never taken for a heading, and a code
 * block is never divided.
 *
 * @param path shown as title, made readable, where the page has no heading of the first level
 */
export function splitMarkdown(markdown: string, path: string): MarkdownPage {
  const { body, title: declared } = takeFrontMatter(
    markdown.replaceAll('\r\n', '\n').replace(/^\uFEFF/u, ''),
  );
  const sections = sectionsOf(body);
  const first = sections.find((section) => section.heading?.level === 1)?.heading?.text;
  const title = declared ?? first ?? titleFromPath(path);
  const slugs = new Map<string, number>();
  const above: Heading[] = [];
  const passages: MarkdownPassage[] = [];
  for (const { heading, text } of sections) {
    let anchor = '';
    if (heading !== undefined) {
      anchor = uniqueSlug(heading.text, slugs);
      while ((above.at(-1)?.level ?? 0) >= heading.level) above.pop();
      above.push(heading);
    }
    const shown = above
      .filter((one) => one.level > 1 || one.text !== title)
      .map((one) => one.text)
      .join(' › ');
    for (const part of divide(text))
      passages.push({ heading: shown, anchor: shown === '' ? '' : anchor, text: part });
  }
  return { title, passages };
}

/** GitHub's rule: lower case, spaces become hyphens, what is no letter, number, hyphen or underscore goes. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

function uniqueSlug(heading: string, used: Map<string, number>): string {
  const slug = slugOf(heading);
  const times = used.get(slug) ?? 0;
  used.set(slug, times + 1);
  return times === 0 ? slug : `${slug}-${times}`;
}

function sectionsOf(body: string): { heading?: Heading; text: string }[] {
  const sections: { heading?: Heading; lines: string[] }[] = [{ lines: [] }];
  for (const { line, isCode } of markedLines(body)) {
    const match = isCode ? null : /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/u.exec(line);
    const level = match?.[1]?.length ?? 0;
    if (level === 0 || level > DEEPEST_HEADING) sections.at(-1)?.lines.push(line);
    else sections.push({ heading: { level, text: plain(match?.[2] ?? '') }, lines: [] });
  }
  return sections.map(({ heading, lines }) => ({
    ...(heading === undefined ? {} : { heading }),
    text: lines.join('\n').trim(),
  }));
}

/** Lines with the knowledge of whether they belong to a fenced code block (the fences included). */
function* markedLines(text: string): Generator<{ line: string; isCode: boolean }> {
  let fence: string | undefined;
  for (const line of text.split('\n')) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/u.exec(line)?.[1];
    const wasCode = fence !== undefined;
    if (fence === undefined) fence = mark;
    else if (
      mark !== undefined &&
      mark[0] === fence[0] &&
      mark.length >= fence.length &&
      line.trim() === mark
    )
      fence = undefined;
    yield { line, isCode: wasCode || mark !== undefined };
  }
}

function divide(text: string): string[] {
  if (text === '') return [];
  if (text.length <= MAX_PASSAGE) return [text];
  const parts: string[] = [];
  let lines: string[] = [];
  let size = 0;
  for (const { line, isCode } of markedLines(text)) {
    if (size > MAX_PASSAGE * 0.6 && line.trim() === '' && !isCode) {
      parts.push(lines.join('\n').trim());
      lines = [];
      size = 0;
    }
    lines.push(line);
    size += line.length + 1;
  }
  parts.push(lines.join('\n').trim());
  return parts.filter((part) => part !== '');
}

function takeFrontMatter(text: string): { body: string; title?: string } {
  const match = /^---\n(.*?)\n---(?:\n|$)/su.exec(text);
  if (match === null) return { body: text };
  const title = /^title:[ \t]*["']?(.*?)["']?[ \t]*$/mu.exec(match[1] ?? '')?.[1];
  return { body: text.slice(match[0].length), ...(title === undefined || title === '' ? {} : { title }) };
}

/** A heading's text without its markup: `` `./dev` and [links](x) `` -> `./dev and links`. */
function plain(heading: string): string {
  return heading
    .replaceAll(/!?\[([^[\]]*)\]\([^()]*\)/gu, '$1')
    .replaceAll(/[`*]/gu, '')
    .trim();
}

function titleFromPath(path: string): string {
  const name = (path.split('/').at(-1) ?? path).replace(/\.md$/iu, '').replaceAll(/[-_]+/gu, ' ').trim();
  return name === '' ? path : name[0]?.toUpperCase() + name.slice(1);
}
