import type { Element, Root } from 'hast';
import { expect, test } from 'vitest';
import { markCitations } from './mark-citations.ts';

function mark(text: string, tagName = 'p'): string[] {
  const tree: Root = {
    type: 'root',
    children: [{ type: 'element', tagName, properties: {}, children: [{ type: 'text', value: text }] }],
  };
  markCitations()(tree);
  const parent = tree.children[0] as Element;
  return parent.children.map((child) =>
    child.type === 'text'
      ? child.value
      : child.type === 'element'
        ? `<${String(child.properties['dataCite'])}>`
        : '',
  );
}

test.each([
  ['plain', ['plain']],
  ['first. [1] then', ['first.', '<1>', ' then']],
  ['both [1][2]', ['both', '<1>', '<2>']],
  ['list [1, 12]', ['list', '<1>', '<12>']],
  ['[3] starts', ['<3>', ' starts']],
  ['a[i] and [2026] and [x]', ['a[i] and [2026] and [x]']],
])('%s', (text, expected) => {
  expect(mark(text)).toEqual(expected);
});

test.each(['code', 'pre', 'a'])('what stands in %s is quoted as it is', (tagName) => {
  expect(mark('items[1]', tagName)).toEqual(['items[1]']);
});
