/** What a scripted model does with one request. */
export type ModelReply = ModelAnswer | ModelRefusal;

export interface ModelAnswer {
  readonly text?: string;
  readonly thinking?: string;
  readonly toolCalls?: readonly { readonly name: string; readonly input: unknown }[];
  /** In the words of OpenAI; those of Anthropic are made from it. Without: `tool_calls` where there are some, else `stop`. */
  readonly finish?: 'stop' | 'length' | 'content_filter' | 'tool_calls';
  /** `input`: all that was read; `cached`: of it, what the provider had in its cache. */
  readonly usage?: { readonly input: number; readonly output: number; readonly cached?: number };
  /** Awaited after the first piece of the text, or before the end where there is no text. */
  readonly hold?: Promise<void>;
  /**
   * After the first piece and `hold`. `socket`: the connection is torn; what the client has not read by then may be lost to it. `quiet`:
   * the body ends in order, without the end of the protocol.
   */
  readonly cut?: 'socket' | 'quiet';
}

export interface ModelRefusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One frame of a stream, or a place where something happens to it. */
export type ModelFrame = { readonly event?: string; readonly data: unknown } | 'hold' | 'cut';

/** Characters of a piece: short ones, so that names, arguments and words come divided, as real ones do. */
const PIECE = 5;

export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += PIECE) pieces.push(text.slice(at, at + PIECE));
  return pieces;
}

/** The pieces of the text with the places of `hold` and `cut` between them. */
export function framesOfText(
  { text = '', hold, cut }: ModelAnswer,
  toFrame: (piece: string) => ModelFrame,
): ModelFrame[] {
  const [first, ...rest] = piecesOf(text).map(toFrame);
  return [
    ...(first === undefined ? [] : [first]),
    ...(hold === undefined ? [] : ['hold' as const]),
    ...(cut === undefined ? rest : ['cut' as const]),
  ];
}

export function finishOf({ finish, toolCalls = [] }: ModelAnswer): NonNullable<ModelAnswer['finish']> {
  return finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop');
}

export const DEFAULT_USAGE = { input: 11, output: 7 };
