import GithubSlugger from 'github-slugger';
import { Marked, Renderer } from 'marked';
import type { Tokens } from 'marked';
import { escapeHtml } from '../escape-html.ts';
import type { Section } from '../search/section.ts';
import type { DocPage, Heading } from './doc-page.ts';
import { hrefOf, urlOfFile } from './page-url.ts';
import { plainText } from './plain-text.ts';

const SUMMARY = 200;

/** A page and what the search knows of it. `file`: below the folder of the documentation. Throws where a page has no title. */
export function renderMarkdown(file: string, text: string): { page: DocPage; sections: Section[] } {
  const url = urlOfFile(file);
  const marked = new Marked();
  const tokens = marked.lexer(text);
  // The anchors that a forge gives, so that one link holds there and here.
  const slugger = new GithubSlugger();
  const headings: Heading[] = [];
  const sections: Section[] = [];
  let title = '';
  let words: string[] = [];
  let open: { heading: string; id: string } = { heading: '', id: '' };
  const close = (): void => {
    const { heading, id } = open;
    if (heading !== '' || words.length > 0)
      sections.push({ url: id === '' ? url : `${url}#${id}`, title, heading, text: words.join(' ') });
    words = [];
  };
  for (const token of tokens) {
    if (token.type !== 'heading') {
      const said = plainText([token]);
      if (said !== '') words.push(said);
      continue;
    }
    const { depth, tokens: inside } = token as Tokens.Heading;
    const heading = { id: '', depth, text: plainText(inside) };
    heading.id = slugger.slug(heading.text);
    headings.push(heading);
    if (depth === 1 && title === '') title = heading.text;
    else {
      close();
      open = { heading: heading.text, id: heading.id };
    }
  }
  close();
  if (title === '') throw new Error(`${file} has no title`);
  const first = tokens.find((token) => token.type === 'paragraph');
  const summary = first === undefined ? '' : plainText([first]).slice(0, SUMMARY);
  const body = tokens.filter((token) => token.type !== 'heading' || (token as Tokens.Heading).depth > 1);
  marked.use({
    renderer: createRenderer(
      file,
      headings.filter(({ depth }) => depth > 1),
    ),
  });
  return {
    page: {
      url,
      title,
      summary,
      html: marked.parser(body),
      headings: headings.filter(({ depth }) => depth === 2),
    },
    sections,
  };
}

/** `headings`: in the order in which they are rendered. */
function createRenderer(file: string, headings: readonly Heading[]): Partial<Renderer> {
  const left = [...headings];
  const plain = new Renderer();
  return {
    heading(this: Renderer, { tokens, depth }: Tokens.Heading): string {
      const id = left.shift()?.id ?? '';
      const inner = this.parser.parseInline(tokens);
      return `<h${depth} id="${id}">${inner} <a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
    },
    link(this: Renderer, { href, tokens }: Tokens.Link): string {
      const to = hrefOf(file, href);
      const inner = this.parser.parseInline(tokens);
      const isElsewhere = to !== undefined && /^[a-z]+:/iu.test(to);
      if (to === undefined)
        return `<span class="in-repository" title="${escapeHtml(`In the repository: ${href.replace(/^(?:\.\.\/)+/u, '')}`)}">${inner}</span>`;
      return `<a href="${escapeHtml(to)}"${isElsewhere ? ' rel="noopener noreferrer" target="_blank"' : ''}>${inner}</a>`;
    },
    image({ href, text }: Tokens.Image): string {
      return `<img src="${escapeHtml(hrefOf(file, href) ?? href)}" alt="${escapeHtml(text)}" loading="lazy">`;
    },
    table(this: Renderer, token: Tokens.Table): string {
      plain.parser = this.parser;
      // Wide ones are moved within their own frame, by keys as well.
      return `<div class="table" role="region" aria-label="Table" tabindex="0">${plain.table(token)}</div>`;
    },
    code({ text, lang }: Tokens.Code): string {
      return `<pre tabindex="0"${lang === undefined || lang === '' ? '' : ` data-language="${escapeHtml(lang)}"`}><code>${escapeHtml(text)}</code></pre>\n`;
    },
    // Comments of whoever generates a page; the documentation has no other markup.
    html: ({ text }: Tokens.HTML | Tokens.Tag): string =>
      text.trimStart().startsWith('<!--') ? '' : escapeHtml(text),
  };
}
