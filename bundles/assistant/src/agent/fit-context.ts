import type { ModelMessage } from 'ai';

/** Characters of one token. Low on purpose: English has four, code and most other languages fewer. */
const CHARACTERS_PER_TOKEN = 3;
const LEFT_OUT = '(left out: there was no room for it)';

export function estimateTokens(message: ModelMessage): number {
  return Math.ceil(JSON.stringify(message.content).length / CHARACTERS_PER_TOKEN);
}

/**
 * The messages that fit, the newest kept: first the oldest exchanges go, whole, then what tools had answered in this turn, oldest first.
 * At last a message of the user is cut: better a part of it than a request that the model refuses.
 *
 * @param turnStart where the messages of this turn begin
 */
export function fitContext(
  messages: readonly ModelMessage[],
  turnStart: number,
  maxTokens: number,
): ModelMessage[] {
  let total = messages.reduce((sum, message) => sum + estimateTokens(message), 0);
  let start = 0;
  for (; start < turnStart && total > maxTokens; start += 1) total -= tokensAt(messages, start);
  // A model is never shown an answer without its question.
  for (; start < turnStart && messages[start]?.role !== 'user'; start += 1)
    total -= tokensAt(messages, start);
  const kept = messages.slice(start);
  for (const [at, message] of kept.entries()) {
    if (total <= maxTokens || at === kept.length - 1) break;
    const shorter = withoutToolOutput(message);
    total += estimateTokens(shorter) - estimateTokens(message);
    kept[at] = shorter;
  }
  for (const [at, message] of kept.entries()) {
    if (total <= maxTokens) break;
    const over = (total - maxTokens) * CHARACTERS_PER_TOKEN;
    const shorter = cutUser(message, over);
    total += estimateTokens(shorter) - estimateTokens(message);
    kept[at] = shorter;
  }
  return kept;
}

function tokensAt(messages: readonly ModelMessage[], at: number): number {
  const message = messages[at];
  return message === undefined ? 0 : estimateTokens(message);
}

function withoutToolOutput(message: ModelMessage): ModelMessage {
  if (message.role !== 'tool') return message;
  const content = message.content.map((part) =>
    part.type === 'tool-result' ? { ...part, output: { type: 'text' as const, value: LEFT_OUT } } : part,
  );
  return { ...message, content };
}

function cutUser(message: ModelMessage, over: number): ModelMessage {
  if (message.role !== 'user' || typeof message.content !== 'string') return message;
  // The line break counts as two, as it is written in a request.
  const room = Math.max(0, message.content.length - over - LEFT_OUT.length - 2);
  return { ...message, content: `${message.content.slice(0, room)}\n${LEFT_OUT}` };
}
