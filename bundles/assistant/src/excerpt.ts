import { sentencesOf, splitBlocks, transplant } from './blocks.ts';
import type { Block } from './blocks.ts';
import { stemsOf, wordsOf } from './words.ts';
import type { Term } from './words.ts';

/** Characters of quoted text per passage that a reader still takes in at a glance. */
const MAX_EXCERPT = 900;
const MIN_LEAD = 24;
const MAX_LEAD = 320;

/**
 * The one sentence of a passage that answers best; undefined when it holds no prose of a readable length. What the heading
 * says is said for all sentences, so only the other words of the question choose between them; then the first one wins, because pages open
 * with what they are about. Where a definition is asked for, a sentence that begins with the subject and defines it comes before all.
 */
export function leadSentence(
  passage: { heading: string; text: string },
  terms: readonly Term[],
  isDefinition = false,
): string | undefined {
  const said = stemsOf(passage.heading);
  const telling = terms.filter((term) => !said.has(term.stem));
  let best: { sentence: string; points: number } | undefined;
  for (const [at, sentence] of proseSentences(passage.text).entries()) {
    if (sentence.length < MIN_LEAD || sentence.length > MAX_LEAD || /[:：]$/u.test(sentence)) continue;
    const stems = stemsOf(sentence);
    const matched = telling.filter((term) => stems.has(term.stem)).length;
    const points =
      matched + 0.9 / (at + 1) + (isDefinition && defines(sentence, terms) ? terms.length + 1 : 0);
    if (best === undefined || points > best.points) best = { sentence, points };
  }
  return best?.sentence;
}

function proseSentences(text: string): string[] {
  return splitBlocks(text).flatMap((block) =>
    block.kind === 'prose' ? sentencesOf(transplant(block).text) : [],
  );
}

/** "A lane is ...", "Capacity is the number of ...": the subject in the first words, then the verb. */
function defines(sentence: string, terms: readonly Term[]): boolean {
  const opening = /^(.{1,60}?) (?:is|are|means) /iu.exec(sentence)?.[1];
  if (opening === undefined || wordsOf(opening).length > terms.length + 2) return false;
  const stems = stemsOf(opening);
  return terms.every((term) => stems.has(term.stem));
}

/**
 * The blocks of a passage worth quoting: the one that answers best with what follows (and, where there is room, what
 * precedes) it, as one run. Blocks are kept whole, code above all; a paragraph is only cut when it alone is too long.
 */
export function excerptOf(text: string, terms: readonly Term[]): Block[] {
  const blocks = splitBlocks(text)
    .map(transplant)
    .filter((block) => block.text.trim() !== '');
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
