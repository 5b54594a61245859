/**
 * Words that carry no subject in a question about documentation. They are removed before the search, so that
 * "could you please tell me how lanes work" asks for the same passages as "lanes".
 */
const FILLER = new Set(
  (
    'a about above across after again all already also am an and another any anybody anyone anything are around as at be because been before ' +
    'being below best between both but by can cannot could dear describe detail details did do does doing done during each either else ' +
    'even ever every everything exactly explain few find for from further general get gets give given go goes going good got had happen happened happening happens has ' +
    'have having he hello help her here hey hi him his how however i if in info information into is it its itself just keep know let like ' +
    'look lot made make makes many may maybe me mean means meant might mine more most much must my need needs never no nor not now of ' +
    'off ok okay on once one only or other our ours out over own page pages perhaps please possible question quite rather really right said same ' +
    'say says see seem shall she should show simply so some somebody someone something still such sure take tell than thank ' +
    'thanks that the their theirs them then there these they thing things think this those through to too toward under understand until upon us ' +
    'use used uses using very via want wants was way we well went were what whatever when where whether which while who whom whose why ' +
    'will with within without wonder work works would yes yet you your yours'
  ).split(' '),
);

/** The product's own name: on nearly every page, so a subject only where there is no other. */
const PRODUCT = 'switchyard';

/** A subject word of a question or a text: as written (lower case) and its comparable stem. */
export interface Term {
  word: string;
  stem: string;
}

/** Lower-case words of a text; letters of any script, with the joints that names have inside (`chat-proc`, `bundle_id`, `node.js`). */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:[._'’-][\p{L}\p{N}]+)*/gu) ?? [];
}

/**
 * A light English stem: enough that "restarting", "restarts" and "restart" compare equal. Not Porter: the database
 * does the real stemming when it searches, this only compares what came back with what was asked.
 */
export function stemOf(word: string): string {
  const base = word.replace(/['’]s$/u, '');
  let stem = base;
  if (stem.length > 4 && stem.endsWith('ies')) stem = `${stem.slice(0, -3)}y`;
  else if (stem.length > 3 && /[^su]s$/u.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith('ing')) stem = stem.slice(0, -3);
  else if (stem.length > 4 && stem.endsWith('ed')) stem = stem.slice(0, -2);
  if (stem.length > 3 && /([^aeiouls])\1$/u.test(stem)) stem = stem.slice(0, -1);
  if (stem.length > 3 && stem.endsWith('e')) stem = stem.slice(0, -1);
  return stem;
}

/** The subject words of a question, once each, in order. Filler and single letters are left out; numbers stay. */
export function termsOf(text: string): Term[] {
  const seen = new Set<string>();
  const terms: Term[] = [];
  for (const word of wordsOf(text)) {
    const stem = stemOf(word);
    const isBare = word.length < 2 && !/\p{N}/u.test(word);
    if (
      isBare ||
      word === PRODUCT ||
      FILLER.has(word) ||
      FILLER.has(word.replace(/['’].*$/u, '')) ||
      seen.has(stem)
    )
      continue;
    seen.add(stem);
    terms.push({ word, stem });
  }
  if (terms.length === 0 && wordsOf(text).includes(PRODUCT))
    return [{ word: PRODUCT, stem: stemOf(PRODUCT) }];
  return terms;
}

/** The stems of a text, compound names also by their parts, so that `chat-proc` is found by "proc". */
export function stemsOf(text: string): Set<string> {
  const stems = new Set<string>();
  for (const word of wordsOf(text)) {
    stems.add(stemOf(word));
    const parts = word.split(/[._-]/u);
    if (parts.length > 1) for (const part of parts) stems.add(stemOf(part));
  }
  return stems;
}
