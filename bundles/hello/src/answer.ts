/** What to say, piece by piece, and how long to wait after each. */
export interface Piece {
  readonly text: string;
  readonly pauseMs: number;
}

const WORD_MS = 40;
const NUMBER_MS = 150;
/** At this pace three minutes of counting: long enough to try anything with. */
const MAX_COUNT = 1000;

export function* answer(message: string, name: string): Generator<Piece> {
  const upTo = /\bcount (?:up )?to (\d+)/iu.exec(message)?.[1];
  if (upTo !== undefined) {
    yield* count(Number(upTo));
    return;
  }
  const isGreeting = /^\s*(hi|hello|hey|good (morning|evening|day))\b/iu.test(message);
  yield* words(
    isGreeting
      ? `Hello, ${name}! I am the smallest bundle there is.`
      : `You said: “${message.trim()}”. Thank you, ${name}.`,
  );
}

function* words(text: string): Generator<Piece> {
  for (const word of text.match(/\S+\s*/gu) ?? []) yield { text: word, pauseMs: WORD_MS };
}

function* count(upTo: number): Generator<Piece> {
  if (upTo === 0) yield* words('Zero. That was quick.');
  if (upTo > MAX_COUNT) yield* words(`That is far. I will stop at ${MAX_COUNT}.\n\n`);
  const last = Math.min(upTo, MAX_COUNT);
  for (let number = 1; number <= last; number += 1)
    yield { text: number < last ? `${number}, ` : `${number}.`, pauseMs: NUMBER_MS };
}
