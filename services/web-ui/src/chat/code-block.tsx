import type { Element, ElementContent } from 'hast';
import { CopyButton } from './copy-button.tsx';

function textOf(node: ElementContent | undefined): string {
  if (node?.type === 'text') return node.value;
  return node?.type === 'element' ? node.children.map(textOf).join('') : '';
}

function languageOf(code: Element | undefined): string {
  const classes = code?.properties['className'];
  const name = Array.isArray(classes) ? classes.find((part) => part.startsWith('language-')) : undefined;
  return name === undefined ? '' : name.slice('language-'.length);
}

/** A fenced block with the name of its language and a copy button. Long lines scroll, by keyboard too. */
export function CodeBlock({ node }: { node?: Element | undefined }) {
  const code = node?.children.find((child) => child.type === 'element' && child.tagName === 'code');
  const element = code?.type === 'element' ? code : undefined;
  const text = textOf(element ?? node).replace(/\n$/, '');
  return (
    <figure className="code">
      <figcaption>
        <span>{languageOf(element)}</span>
        <CopyButton text={text} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
