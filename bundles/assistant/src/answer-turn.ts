import type { Turn } from '@switchyard/bundle-sdk';
import { chunksOf } from './chunks.ts';
import { composeAnswer } from './compose.ts';
import type { ComposedAnswer } from './compose.ts';
import { placeOf } from './passage.ts';
import type { Citation, Passage } from './passage.ts';
import { understand } from './question.ts';
import { directAnswer } from './small-talk.ts';

/** What answering needs of a turn. */
export type AnswerTurn = Pick<
  Turn<Record<string, unknown>, 'documents'>,
  | 'message'
  | 'user'
  | 'history'
  | 'delta'
  | 'step'
  | 'citations'
  | 'documents'
  | 'peekNextContinuation'
  | 'takeNextContinuation'
>;

/** Passages asked for. The ranking here is finer than the database's, so it gets more to choose from than it shows. */
const SEARCH_LIMIT = 20;
/** Pieces written between two looks into the mailbox: about a third of a second. */
const PIECES_PER_LOOK = 25;
const MAX_HEADING = 120;

/** What was said before the question that is answered now, in this turn and in former ones. */
interface Context {
  /** The user's messages, oldest first. */
  earlier: string[];
  /** The newest answer. */
  lastAnswer: string;
  cited: Citation[];
  /** From 1: which message of this turn is answered. */
  section: number;
}

/**
 * Answers the message, then every message that arrived meanwhile, each under its own heading. A steer without text ends
 * the answer where it is.
 *
 * @param pause paces the stream; called after each piece
 */
export async function answerTurn(
  turn: AnswerTurn,
  pause: () => Promise<void>,
): Promise<{ followups: string[] }> {
  const history = turn.history();
  const context: Context = {
    // Messages that were folded into a turn are paragraphs of its question.
    earlier: history.flatMap((exchange) => exchange.user.split('\n\n')),
    lastAnswer: history.at(-1)?.assistant ?? '',
    cited: [],
    section: 1,
  };
  let message: string = turn.message;
  for (; ; context.section += 1) {
    const answer = await findAnswer(turn, message, context);
    if (answer.citations.length > 0) {
      context.cited.push(...answer.citations);
      // Before the text, so that a number can be opened as soon as it appears. The whole list: a later one replaces it.
      await turn.citations(context.cited);
    }
    const heading = context.section === 1 ? '' : `\n\n---\n\n### ${headingOf(message)}\n\n`;
    if (await write(turn, heading + answer.markdown, pause)) return { followups: [] };
    const next = await turn.takeNextContinuation();
    if (next === null) return { followups: answer.followups };
    if (next.kind === 'steer' && next.message.trim() === '') return { followups: [] };
    context.earlier.push(message);
    context.lastAnswer = answer.markdown;
    message = next.message;
  }
}

async function findAnswer(turn: AnswerTurn, message: string, context: Context): Promise<ComposedAnswer> {
  const question = understand(message, context.earlier);
  const direct = directAnswer(question.kind, turn.user.username);
  if (direct !== undefined) return { ...direct, citations: [], readCount: 0 };
  const { query } = question;
  const step = context.section === 1 ? 'search' : `search-${context.section}`;
  await turn.step(step, { status: 'started', title: 'Searching the documentation', data: { query } });
  const found = query === '' ? [] : await turn.documents.search(query, { limit: SEARCH_LIMIT });
  const passages = found.map((one) => ({ ...one, heading: one.heading ?? '', anchor: one.anchor ?? '' }));
  const offered = question.wantsMore ? notYetQuoted(passages, context.lastAnswer) : passages;
  const answer = composeAnswer(question, offered, context.cited.length + 1);
  await turn.step(step, {
    status: 'completed',
    title: `Searched ${countOf(passages.length)}, read ${answer.readCount}`,
    data: { query, found: passages.length, read: answer.readCount },
  });
  if (question.borrowedFrom === undefined) return answer;
  const note = `*Read together with “${headingOf(question.borrowedFrom)}”.*`;
  return { ...answer, markdown: `${note}\n\n${answer.markdown}` };
}

/** "And then?" is not answered by the same places again. */
function notYetQuoted(passages: readonly Passage[], lastAnswer: string): Passage[] {
  return passages.filter((passage) => !lastAnswer.includes(`**${placeOf(passage)}**`));
}

/** Streams a text. True when the user asked to stop meanwhile. */
async function write(turn: AnswerTurn, markdown: string, pause: () => Promise<void>): Promise<boolean> {
  let pieces = 0;
  for (const piece of chunksOf(markdown)) {
    await turn.delta(piece);
    pieces += 1;
    if (pieces % PIECES_PER_LOOK === 0 && (await isStopAsked(turn))) return true;
    await pause();
  }
  return false;
}

async function isStopAsked(turn: AnswerTurn): Promise<boolean> {
  const next = await turn.peekNextContinuation();
  if (next === null || next.kind !== 'steer' || next.message.trim() !== '') return false;
  await turn.takeNextContinuation();
  return true;
}

function headingOf(message: string): string {
  const line = message
    .trim()
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[[\]<>`]/gu, '');
  return line.length <= MAX_HEADING ? line : `${line.slice(0, line.lastIndexOf(' ', MAX_HEADING))} …`;
}

function countOf(passages: number): string {
  return passages === 1 ? '1 passage' : `${passages} passages`;
}
