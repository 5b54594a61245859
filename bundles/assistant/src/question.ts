import { termsOf, wordsOf } from './words.ts';
import type { Term } from './words.ts';

export type QuestionKind = 'greeting' | 'thanks' | 'about' | 'empty' | 'question';

/** What was asked, as far as it can be understood without a model. */
export interface Question {
  kind: QuestionKind;
  /** The message as written, trimmed. */
  text: string;
  terms: Term[];
  /** Words for the search, joined by spaces. Empty for kinds that need no search. */
  query: string;
  /** The earlier question whose words were borrowed, for a short "and after?". */
  borrowedFrom?: string;
  /** Nothing but borrowed words: "more" wants other passages than those of the answer before. */
  wantsMore: boolean;
  /** `how`, `when`, ...: headings often ask the same way. */
  askedWith?: string;
  /** Asks what something is: a sentence that defines it answers best. */
  isDefinition: boolean;
}

const GREETING =
  /^(?:hi+|hello+|hey+|hallo|howdy|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|all|everyone|assistant|switchyard|you|again))*$/u;
const THANKS =
  /^(?:many )?(?:thanks|thank you|thx|cheers|great|perfect|nice|cool|got it|ok thanks)(?: .{0,24})?$/u;
const ABOUT =
  /^(?:(?:so |and |but )?(?:who|what) are you|what (?:can|could|do) you (?:do|know|offer|help).*|what (?:else )?can (?:you|i) ask.*|how can you help.*|how do you work|help|help me|what is (?:this|offline mode)|are you (?:an? )?(?:ai|bot|model|llm|human|offline|online).*)$/u;
/** Openings that lean on what was said before. */
const LEANING =
  /^(?:and|but|so|or|then|also|after|before|why|how so|how come|what about|how about|what if|what then|what else|more|go on|tell me more|another|same for|for example|an example)\b/u;
const POINTING = /\b(?:it|its|that|this|these|those|they|them)\b/u;
const DEFINING = /^(?:what(?: is|'s|s| are)|define|explain|meaning of|who is)\b/u;

const NO_SEARCH = { terms: [], query: '', wantsMore: false, isDefinition: false };

/** A followup with this many subject words or more stands on its own feet. */
const OWN_FEET = 3;

/**
 * @param message what the user wrote
 * @param earlier the user's earlier messages of this conversation, oldest first
 */
export function understand(message: string, earlier: readonly string[]): Question {
  const text = message.trim();
  const plain = wordsOf(text).join(' ');
  if (plain === '') return { kind: 'empty', text, ...NO_SEARCH };
  if (GREETING.test(plain)) return { kind: 'greeting', text, ...NO_SEARCH };
  if (ABOUT.test(plain)) return { kind: 'about', text, ...NO_SEARCH };
  if (THANKS.test(plain) && termsOf(stripThanks(plain)).length === 0)
    return { kind: 'thanks', text, ...NO_SEARCH };

  const own = termsOf(stripGreeting(text));
  const former = leans(plain, own) ? lastSubject(earlier) : undefined;
  const opening = stripGreeting(text).toLowerCase();
  const askedWith = /^(?:how|what|when|where|which|who|why)\b/u.exec(opening)?.[0];
  const terms = former === undefined ? own : merge(own, former.terms);
  return {
    kind: 'question',
    text,
    terms,
    query: terms.map((term) => term.word).join(' '),
    wantsMore: own.length === 0 && former !== undefined,
    isDefinition: DEFINING.test(opening),
    ...(askedWith === undefined ? {} : { askedWith }),
    ...(former === undefined ? {} : { borrowedFrom: former.text }),
  };
}

function leans(plain: string, own: readonly Term[]): boolean {
  if (own.length === 0) return true;
  return own.length < OWN_FEET && (LEANING.test(plain) || POINTING.test(plain));
}

/** The newest earlier message that had a subject of its own. */
function lastSubject(earlier: readonly string[]): { text: string; terms: Term[] } | undefined {
  for (let index = earlier.length - 1; index >= 0; index -= 1) {
    const text = (earlier[index] ?? '').trim();
    const terms = termsOf(text);
    if (terms.length > 0) return { text, terms };
  }
  return undefined;
}

function merge(own: readonly Term[], former: readonly Term[]): Term[] {
  const stems = new Set(own.map((term) => term.stem));
  return [...own, ...former.filter((term) => !stems.has(term.stem))];
}

function stripThanks(plain: string): string {
  return plain.replace(
    /\b(?:many|thanks|thank you|thx|cheers|great|perfect|nice|cool|got it|helpful|lot|much|helps|helped)\b/gu,
    ' ',
  );
}

function stripGreeting(text: string): string {
  return text.replace(/^(?:hi|hello|hey|good (?:morning|afternoon|evening|day))[\s,!.]+/iu, '');
}
