export type BlockKind = 'prose' | 'list' | 'table' | 'code' | 'quote';

/** A markdown block as written, without the blank lines around it. */
export interface Block {
  kind: BlockKind;
  text: string;
}

const FENCE = /^\s{0,3}(`{3,}|~{3,})/u;

/**
 * Splits markdown into blocks at blank lines. A fenced code block is one block, whatever it holds; one that is never
 * closed is closed here, so that a quoted passage cannot swallow the rest of the answer.
 */
export function splitBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: string | undefined;
  const flush = (): void => {
    const text = lines.join('\n').trimEnd();
    if (text.trim() !== '') blocks.push({ kind: kindOf(text), text });
    lines = [];
  };
  for (const line of markdown.replaceAll('\r\n', '\n').split('\n')) {
    const mark = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      lines.push(line);
      if (mark !== undefined && mark[0] === fence[0] && mark.length >= fence.length && line.trim() === mark) {
        flush();
        fence = undefined;
      }
    } else if (mark !== undefined) {
      flush();
      lines.push(line);
      fence = mark;
    } else if (line.trim() === '') {
      flush();
    } else {
      lines.push(line);
    }
  }
  if (fence !== undefined) lines.push(fence);
  flush();
  return blocks;
}

function kindOf(text: string): BlockKind {
  if (FENCE.test(text)) return 'code';
  if (/^\s*(?:[-*+]|\d{1,3}[.)])\s/u.test(text)) return 'list';
  if (/^\s*\|.*\|/u.test(text)) return 'table';
  if (/^\s*>/u.test(text)) return 'quote';
  return 'prose';
}

/**
 * Makes markdown of a documentation page safe to show elsewhere: relative links lose their target (it would lead
 * nowhere), images their picture, comments vanish, and `[3]` in the text cannot be taken for one of our citations.
 * Code is left exactly as it is.
 */
export function transplant(block: Block): Block {
  if (block.kind === 'code') return block;
  const parts = block.text.replaceAll(/<!--.*?-->/gsu, '').split(/(`+[^`]*`+)/u);
  const text = parts
    .map((part) =>
      part.startsWith('`')
        ? part
        : part
            .replaceAll(/!\[([^[\]]*)\]\([^()]*\)/gu, '$1')
            .replaceAll(/\[([^[\]]+)\]\((?!https?:\/\/)[^()]*\)/gu, '$1')
            .replaceAll(/\[(\d{1,3})\](?!\()/gu, '\\[$1\\]'),
    )
    .join('');
  return { kind: block.kind, text: text.trimEnd() };
}

/** The sentences of prose, each with its closing mark; joined by single spaces they give the prose again. */
export function sentencesOf(prose: string): string[] {
  const flat = prose.replaceAll(/\s+/gu, ' ').trim();
  // A point ends a sentence only before a space and a new opening, so `node.js`, `e.g. this` and `03.` stay whole.
  return flat.split(/(?<=[.!?][)"”’*_]*) (?=[\p{Lu}\p{N}"“(`*[])/u).filter((one) => one !== '');
}
