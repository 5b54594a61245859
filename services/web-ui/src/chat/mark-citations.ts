import type { Element, ElementContent, Root, Text } from 'hast';

/** `[1]`, `[2][3]`, `[4, 5]`: numbers in brackets as the bundles write them. */
const REFERENCE = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;
/** What is quoted as it stands. */
const VERBATIM: ReadonlySet<string> = new Set(['code', 'pre', 'a', 'sup', 'math']);

function chip(id: string): Element {
  return {
    type: 'element',
    tagName: 'sup',
    properties: { dataCite: id },
    children: [{ type: 'text', value: id }],
  };
}

function split(node: Text): ElementContent[] {
  const parts: ElementContent[] = [];
  let from = 0;
  for (const match of node.value.matchAll(REFERENCE)) {
    // The space before a reference would let it wrap onto a line of its own.
    const before = node.value.slice(from, match.index).replace(/ $/, '');
    if (before !== '') parts.push({ type: 'text', value: before });
    parts.push(...(match[1] ?? '').split(',').map((id) => chip(id.trim())));
    from = match.index + match[0].length;
  }
  if (from === 0) return [node];
  const rest = node.value.slice(from);
  return rest === '' ? parts : [...parts, { type: 'text', value: rest }];
}

function walk(parent: Root | Element): void {
  parent.children = parent.children.flatMap((child): Root['children'] => {
    if (child.type === 'text') return split(child);
    if (child.type === 'element' && !VERBATIM.has(child.tagName)) walk(child);
    return [child];
  }) as ElementContent[];
}

/** A rehype plugin: references become chips. Whether a number has a source is decided where it is shown. */
export function markCitations() {
  return (tree: Root): void => walk(tree);
}
