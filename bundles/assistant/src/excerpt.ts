import { sentencesOf, splitBlocks, transplant } from './blocks.ts';
import type { Block } from './blocks.ts';
import { stemsOf } from './words.ts';
import type { Term } from './words.ts';

/** Characters of quoted text per passage that a reader still takes in at a glance. */
const MAX_EXCERPT = 900;
const MIN_LEAD = 24;
const MAX_LEAD = 320;

/** The one sentence of a passage that answers best; undefined when it holds no prose of a readable length. */
export function leadSentence(text: string, terms: readonly Term[]): string | undefined {
  let best: { sentence: string; points: number } | undefined;
  let position = 0;
  for (const block of splitBlocks(text)) {
    if (block.kind !== 'prose') continue;
    for (const sentence of sentencesOf(transplant(block).text)) {
      position += 1;
      if (sentence.length < MIN_LEAD || sentence.length > MAX_LEAD || /[:：]$/u.test(sentence)) continue;
      const stems = stemsOf(sentence);
      // Definitions tend to come first, so an earlier sentence wins against an equal later one.
      const points = terms.filter((term) => stems.has(term.stem)).length + 1 / (position + 1);
      if (best === undefined || points > best.points) best = { sentence, points };
    }
  }
  return best?.sentence;
}

/**
 * The blocks of a passage worth quoting: the one that answers best with what follows (and, where there is room, what
 * precedes) it, as one run. Blocks are kept whole, code above all; a paragraph is only cut when it alone is too long.
 */
export function excerptOf(text: string, terms: readonly Term[]): Block[] {
  const blocks = splitBlocks(text).map(transplant).filter((block) => block.text.trim() !== '');
  if (blocks.length === 0) return [];
  const points = blocks.map((block) => pointsOf(block, terms));
  let from = points.indexOf(Math.max(...points));
  let to = from + 1;
  let size = blocks[from]?.text.length ?? 0;
  for (;;) {
    const next = blocks[to];
    const former = blocks[from - 1];
    if (next !== undefined && size + next.text.length <= MAX_EXCERPT) {
      size += next.text.length;
      to += 1;
    } else if (former !== undefined && size + former.text.length <= MAX_EXCERPT) {
      size += former.text.length;
      from -= 1;
    } else break;
  }
  return blocks.slice(from, to).map(shorten);
}

/** Leaves out a sentence that the answer already opened with, where the rest still reads as written. */
export function withoutLead(blocks: readonly Block[], lead: string): Block[] {
  return blocks.flatMap((block) => {
    if (block.kind !== 'prose') return [block];
    const sentences = sentencesOf(block.text);
    const at = sentences.indexOf(lead);
    // Only at an edge: a quotation with a hole in its middle would not be a quotation.
    if (at !== 0 && at !== sentences.length - 1) return [block];
    const rest = sentences.filter((_one, index) => index !== at).join(' ');
    return rest === '' ? [] : [{ kind: block.kind, text: rest }];
  });
}

function pointsOf(block: Block, terms: readonly Term[]): number {
  const stems = stemsOf(block.text);
  return terms.filter((term) => stems.has(term.stem)).length;
}

function shorten(block: Block): Block {
  if (block.text.length <= MAX_EXCERPT || block.kind === 'code' || block.kind === 'table') return block;
  const cut = block.text.slice(0, MAX_EXCERPT);
  const edge = Math.max(cut.lastIndexOf('\n'), cut.lastIndexOf(' '));
  return { kind: block.kind, text: `${cut.slice(0, edge > 0 ? edge : MAX_EXCERPT).trimEnd()} …` };
}
