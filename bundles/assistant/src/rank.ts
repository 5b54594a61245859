import type { Passage } from './passage.ts';
import { stemOf, stemsOf, termsOf, wordsOf } from './words.ts';
import type { Term } from './words.ts';

export interface RankedPassage {
  passage: Passage;
  /** Part of the question's words (weighted by how telling each is) that the passage contains: 0..1. */
  coverage: number;
  /** Coverage plus what headings, neighbouring words and the database's own rank add. Only for ordering. */
  rank: number;
  /** Part of the own heading's words that were asked for. */
  focus: number;
}

export interface Selection {
  /** What the answer quotes, best first. Empty when nothing is relevant. */
  read: RankedPassage[];
  /** Passages of other pages that touch the subject, best first. */
  related: RankedPassage[];
}

const MAX_READ = 3;
const MAX_PER_PAGE = 2;
/**
 * Below this a passage shares a word with the question but not its subject. With two words of which one is in
 * no passage at all, a hit on the other covers 0.5: that must stay an honest "nothing found".
 */
const RELEVANT_SHORT = 0.55;
const RELEVANT_LONG = 0.45;
/** Enough for a passage whose heading is about nothing else than what was asked. */
const RELEVANT_FOCUSED = 0.35;
const RELATED = 0.3;
/** A second passage is worth quoting only when it is nearly as good as the best one. */
const NEAR_BEST = 0.75;

/** @param askedWith the word that the question begins with, as `how` */
export function rankPassages(
  terms: readonly Term[],
  passages: readonly Passage[],
  askedWith?: string,
): RankedPassage[] {
  const looked = passages.map((passage) => ({
    passage,
    body: stemsOf(`${passage.heading} ${passage.title} ${passage.text}`),
    heading: stemsOf(passage.heading),
    focus: focusOf(passage, terms),
    asksAlike: askedWith !== undefined && ownHeading(passage).toLowerCase().startsWith(`${askedWith} `),
    title: stemsOf(passage.title),
  }));
  const weights = terms.map((term) =>
    weightOf(looked.filter((one) => one.body.has(term.stem)).length, looked.length),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const bestScore = Math.max(...passages.map((passage) => passage.score), Number.EPSILON);
  const part = (stems: Set<string>): number =>
    total === 0
      ? 0
      : terms.reduce((sum, term, at) => sum + (stems.has(term.stem) ? (weights[at] ?? 0) : 0), 0) / total;
  return looked
    .map(({ passage, body, heading, title, focus, asksAlike }) => {
      const coverage = part(body);
      const rank =
        coverage +
        0.35 * part(heading) +
        0.3 * focus +
        (asksAlike ? 0.15 : 0) +
        0.15 * part(title) +
        0.2 * closeness(terms, passage.text) +
        0.3 * (passage.score / bestScore);
      return { passage, coverage, rank, focus };
    })
    .toSorted((a, b) => b.rank - a.rank || a.passage.path.localeCompare(b.passage.path));
}

export function selectPassages(
  terms: readonly Term[],
  passages: readonly Passage[],
  askedWith?: string,
): Selection {
  const ranked = rankPassages(terms, passages, askedWith);
  const bar = terms.length > 3 ? RELEVANT_LONG : RELEVANT_SHORT;
  const isRelevant = (one: RankedPassage): boolean =>
    one.coverage >= (one.focus === 1 ? Math.min(bar, RELEVANT_FOCUSED) : bar);
  const best = ranked.find(isRelevant);
  const read: RankedPassage[] = [];
  for (const one of best === undefined ? [] : ranked) {
    const ofPage = read.filter((other) => other.passage.path === one.passage.path).length;
    const isRepeat = read.some((other) => other.passage.text.trim() === one.passage.text.trim());
    if (!isRelevant(one) || one.rank < NEAR_BEST * (best?.rank ?? 0) || ofPage >= MAX_PER_PAGE || isRepeat)
      continue;
    read.push(one);
    if (read.length === MAX_READ) break;
  }
  const pages = new Set(read.map((one) => one.passage.path));
  const related: RankedPassage[] = [];
  for (const one of ranked) {
    if (one.coverage < RELATED || pages.has(one.passage.path)) continue;
    pages.add(one.passage.path);
    related.push(one);
  }
  return { read, related };
}

/** 1 for a word that is in every candidate, 2 for one that is in none or one: rare words tell what is meant. */
function weightOf(foundIn: number, of: number): number {
  if (of <= 1) return foundIn === 0 ? 2 : 1.5;
  return 1 + Math.log(of / Math.max(1, foundIn)) / Math.log(of);
}

/** Part of the question's neighbouring word pairs that are also near each other (within four words) in the text. */
function closeness(terms: readonly Term[], text: string): number {
  if (terms.length < 2) return 0;
  const places = new Map<string, number[]>();
  wordsOf(text).forEach((word, at) => {
    const stem = stemOf(word);
    places.set(stem, [...(places.get(stem) ?? []), at]);
  });
  let near = 0;
  for (let at = 1; at < terms.length; at += 1) {
    const left = places.get(terms[at - 1]?.stem ?? '') ?? [];
    const right = places.get(terms[at]?.stem ?? '') ?? [];
    if (left.some((one) => right.some((other) => Math.abs(one - other) <= 4))) near += 1;
  }
  return near / (terms.length - 1);
}

/** How much of the own heading is what was asked: 1 for "What a lane is", a third for "How workers choose between lanes". */
function focusOf(passage: Passage, terms: readonly Term[]): number {
  const words = termsOf(ownHeading(passage));
  if (words.length === 0) return 0;
  return words.filter((word) => terms.some((term) => term.stem === word.stem)).length / words.length;
}

/** The last part of "Parent › Own"; a page's opening is headed by its title. */
export function ownHeading(passage: Passage): string {
  return passage.heading === '' ? passage.title : (passage.heading.split(' › ').at(-1) ?? '');
}
