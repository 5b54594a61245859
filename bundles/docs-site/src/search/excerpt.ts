const LENGTH = 180;
const LEAD = 50;

export interface Piece {
  readonly text: string;
  readonly isHit: boolean;
}

/** The part of a text where the first of the words stands, in pieces: what was found, and what is around it. */
export function excerptOf(text: string, words: readonly string[]): Piece[] {
  const pattern = hitPattern(words);
  const at = pattern === undefined ? 0 : Math.max(0, text.search(pattern));
  const start = at <= LEAD ? 0 : text.indexOf(' ', at - LEAD) + 1;
  const whole = text.slice(start, start + LENGTH);
  const isCut = start + LENGTH < text.length;
  const cut = isCut ? whole.slice(0, Math.max(whole.lastIndexOf(' '), LENGTH / 2)) : whole;
  return piecesOf(`${start > 0 ? '… ' : ''}${cut}${isCut ? ' …' : ''}`, words);
}

/** A text with the words in it told apart. */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const pattern = hitPattern(words);
  if (pattern === undefined) return [{ text, isHit: false }];
  return text
    .split(pattern)
    .map((piece, at) => ({ text: piece, isHit: at % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

function hitPattern(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const longestFirst = words
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'));
  return new RegExp(`(?<![\\p{L}\\p{N}])(${longestFirst.join('|')})(?![\\p{L}\\p{N}])`, 'iu');
}
