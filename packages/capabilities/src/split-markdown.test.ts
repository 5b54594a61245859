import { expect, test } from 'vitest';
import { slugOf, splitMarkdown } from './split-markdown.ts';

test('one passage for each heading, the opening without one', () => {
  const page = splitMarkdown(
    '# The queue\n\nOpening.\n\n## Lanes\n\nA lane.\n\n### Weights\n\nNever zero.\n\n## Leases ##\nFive seconds.\n',
    'queue.md',
  );
  expect(page.title).toBe('The queue');
  expect(page.passages).toEqual([
    { heading: '', anchor: '', text: 'Opening.' },
    { heading: 'Lanes', anchor: 'lanes', text: 'A lane.' },
    { heading: 'Lanes › Weights', anchor: 'weights', text: 'Never zero.' },
    { heading: 'Leases', anchor: 'leases', text: 'Five seconds.' },
  ]);
});

test('a hash inside a code block is no heading', () => {
  const page = splitMarkdown('# A\n\n```sh\n# a comment\n./dev up\n```\n\n~~~\n## no\n~~~\n', 'a.md');
  expect(page.passages).toHaveLength(1);
  expect(page.passages[0]?.text).toContain('# a comment');
});

test('equal headings get the anchors that GitHub gives them', () => {
  const page = splitMarkdown('## Notes\na\n## Notes\nb\n## `./dev up` & [more](x.md)!\nc', 'x.md');
  expect(page.passages.map((passage) => passage.anchor)).toEqual(['notes', 'notes-1', 'dev-up--more']);
  expect(page.passages[2]?.heading).toBe('./dev up & more!');
  expect(slugOf('Über 2 Größen_x')).toBe('über-2-größen_x');
});

test('the title comes from front matter, heading or name', () => {
  expect(splitMarkdown('---\ntitle: "Set"\n---\n# Other\ntext', 'a.md').title).toBe('Set');
  expect(splitMarkdown('no heading', 'how-to/first_steps.md').title).toBe('First steps');
  expect(splitMarkdown('', 'empty.md').passages).toEqual([]);
});

test('a long section is divided between paragraphs, never inside code', () => {
  const code = `\`\`\`\n${'line\n\n'.repeat(900)}\`\`\``;
  const page = splitMarkdown(`## Long\n\n${'A paragraph of text.\n\n'.repeat(300)}${code}\n`, 'x.md');
  expect(page.passages.length).toBeGreaterThan(2);
  expect(page.passages.every((passage) => passage.anchor === 'long')).toBe(true);
  const holder = page.passages.filter((passage) => passage.text.includes('```'));
  expect(holder).toHaveLength(1);
  expect(holder[0]?.text).toContain(code);
});
