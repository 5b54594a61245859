import { expect, test } from 'vitest';
import { hrefOf } from './page-url.ts';
import { renderMarkdown } from './render-markdown.ts';

test.for([
  ['how-to/a.md', 'b.md', '../how-to/b'],
  ['how-to/a.md', '../reference/b.md#part', '../reference/b#part'],
  ['how-to/a.md', '../README.md', '../'],
  ['README.md', 'how-to/a.md', 'how-to/a'],
  ['how-to/a.md', '../images/walk.svg', '../images/walk.svg'],
  ['how-to/a.md', '#here', '#here'],
  ['how-to/a.md', 'https://example.com/x.md', 'https://example.com/x.md'],
  ['how-to/a.md', '../../packages/turns/README.md', undefined],
  ['how-to/a.md', '../../README.md', undefined],
] as const)('%s: a link to %s leads to %s', ([file, link, href]) => {
  expect(hrefOf(file, link)).toBe(href);
});

test('headings have the anchors that a forge gives, each its own; sections are what stands below them', () => {
  const { page, sections } = renderMarkdown(
    'how-to/a.md',
    '# The `title`\n\nFirst & last.\n\n## One\n\nText with *stress* and `code`.\n\n## One\n\n| a | b |\n|---|---|\n| c | d |\n\n```sh\nrun <it>\n```\n',
  );
  expect(page).toMatchObject({ url: 'how-to/a', title: 'The title', summary: 'First & last.' });
  expect(page.headings.map(({ id }) => id)).toEqual(['one', 'one-1']);
  expect(page.html).toContain('<h2 id="one-1">');
  expect(page.html).toContain('run &lt;it&gt;');
  expect(sections).toEqual([
    { url: 'how-to/a', title: 'The title', heading: '', text: 'First & last.' },
    { url: 'how-to/a#one', title: 'The title', heading: 'One', text: 'Text with stress and code.' },
    { url: 'how-to/a#one-1', title: 'The title', heading: 'One', text: 'a b c d run <it>' },
  ]);
});

test('markup of a page is shown, not obeyed; comments are left out', () => {
  const { page } = renderMarkdown(
    'a.md',
    '# T\n\n<!-- made -->\n\n<script>alert(1)</script>\n\nA <b onclick="x">b</b>.\n',
  );
  expect(page.html).not.toMatch(/<script|<b /u);
  expect(page.html).not.toContain('made');
});

test('a page without a title is refused', () => {
  expect(() => renderMarkdown('a.md', 'Text alone.')).toThrow('a.md has no title');
});
