import type { Block } from './blocks.ts';
import { excerptOf, leadSentence, withoutLead } from './excerpt.ts';
import { placeOf } from './passage.ts';
import type { Citation, Passage } from './passage.ts';
import { ownHeading, selectPassages } from './rank.ts';
import type { RankedPassage, Selection } from './rank.ts';
import type { Question } from './question.ts';
import { stemsOf } from './words.ts';

export interface ComposedAnswer {
  markdown: string;
  citations: Citation[];
  followups: string[];
  /** How many passages the answer was made from. */
  readCount: number;
}

const MAX_QUOTE = 280;
const MAX_FOLLOWUPS = 3;

/**
 * Answers one question from passages that a search returned. Nothing is invented: every sentence that is not
 * a fixed phrase is quoted and carries the number of its citation.
 *
 * @param firstNumber the number of the first citation, so that several answers of one turn count on
 */
export function composeAnswer(
  question: Question,
  passages: readonly Passage[],
  firstNumber: number,
): ComposedAnswer {
  const selection = selectPassages(question.terms, passages, question.askedWith);
  const [best] = selection.read;
  if (best === undefined) return nothingFound(question, selection);

  const lead = leadSentence(best.passage, question.terms, question.isDefinition);
  const sections = lead === undefined ? [] : [`${lead} [${firstNumber}]`];
  const citations: Citation[] = [];
  selection.read.forEach((one, at) => {
    const number = firstNumber + at;
    const excerpt = excerptOf(one.passage.text, question.terms);
    const quoted = at === 0 && lead !== undefined ? withoutLead(excerpt, lead) : excerpt;
    if (quoted.length > 0) sections.push(`**${placeOf(one.passage)}** [${number}]`, ...quoted.map(render));
    citations.push(
      citationOf(one.passage, number, at === 0 && lead !== undefined ? lead : plainQuote(excerpt)),
    );
  });
  const more = selection.related.slice(0, MAX_FOLLOWUPS);
  if (more.length > 0) sections.push(`See also: ${more.map((one) => `*${one.passage.title}*`).join(', ')}.`);
  return {
    markdown: sections.join('\n\n'),
    citations,
    followups: followupsFrom(more, question),
    readCount: selection.read.length,
  };
}

function nothingFound(question: Question, selection: Selection): ComposedAnswer {
  const near = selection.related.slice(0, MAX_FOLLOWUPS);
  const asked =
    question.terms.length === 0 ? '' : ` I looked for ${quoteList(question.terms.map((term) => term.word))}.`;
  const hint =
    near.length === 0
      ? 'Try other words, the name of a command, a setting or an error, or a shorter question.'
      : `The nearest pages are ${near.map((one) => `*${placeOf(one.passage)}*`).join(', ')}; they may or may not be what you mean.`;
  return {
    markdown: `I found nothing on that in the documentation.${asked}\n\n${hint}`,
    citations: [],
    followups: followupsFrom(near, question),
    readCount: 0,
  };
}

/** Prose and lists are shown as quotations; code and tables stand free, so that they can be copied and read. */
function render(block: Block): string {
  if (block.kind === 'code' || block.kind === 'table' || block.kind === 'quote') return block.text;
  return block.text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

function citationOf(passage: Passage, id: number, quote: string): Citation {
  const text = quote.length <= MAX_QUOTE ? quote : `${quote.slice(0, quote.lastIndexOf(' ', MAX_QUOTE))} …`;
  return { id, title: placeOf(passage), path: passage.path, anchor: passage.anchor, quote: text };
}

function plainQuote(blocks: readonly Block[]): string {
  const block = blocks.find((one) => one.kind === 'prose') ?? blocks[0];
  return (block?.text ?? '').replaceAll(/\s+/gu, ' ').trim();
}

/** A heading alone says enough only when it names the subject; "Consequences" of something is better asked for by its page. */
function followupsFrom(related: readonly RankedPassage[], question: Question): string[] {
  const asked = question.text.toLowerCase();
  const subjects = related.map(({ passage }) => {
    const own = ownHeading(passage);
    const stems = stemsOf(own);
    return question.terms.some((term) => stems.has(term.stem)) ? own : passage.title;
  });
  return [...new Set(subjects)]
    .filter((subject) => !asked.includes(subject.toLowerCase()))
    .map((subject) => `Tell me about: ${subject}`);
}

function quoteList(words: readonly string[]): string {
  return words
    .slice(0, 8)
    .map((word) => `“${word}”`)
    .join(', ');
}
