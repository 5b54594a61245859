import type { Ack } from '@switchyard/protocol';
import type { ConversationView, FileView, TurnError, TurnView } from './conversation-view.ts';
import { emptyTurn, isLive, withTurn } from './conversation-view.ts';

export interface LocalMessage {
  messageId: string;
  text: string;
  attachments: readonly FileView[];
  nowMs: number;
}

export function localTurnId(messageId: string): string {
  return `local:${messageId}`;
}

/** The reader's own message, shown before the server knows of it. A second call (try again) starts the sending anew. */
export function addLocalTurn(view: ConversationView, message: LocalMessage): ConversationView {
  const turn: TurnView = {
    ...emptyTurn(localTurnId(message.messageId), 'sending'),
    messageId: message.messageId,
    question: message.text,
    attachments: message.attachments,
    createdAt: message.nowMs,
  };
  const others = view.turns.filter((known) => known.turnId !== turn.turnId);
  return { ...view, turns: [...others, turn] };
}

/** How a message that has no ack yet fares. */
export function markLocalTurn(
  view: ConversationView,
  messageId: string,
  status: 'sending' | 'queued_offline' | 'unsent',
  error?: TurnError,
): ConversationView {
  return withTurn(view, localTurnId(messageId), (turn) => ({ ...turn, status, error }));
}

export function dropLocalTurn(view: ConversationView, messageId: string): ConversationView {
  return { ...view, turns: view.turns.filter((turn) => turn.turnId !== localTurnId(messageId)) };
}

/**
 * The ack gives the message its turn. Events of that turn may have come first (they race on two connections): then what
 * they told stays, and the local copy gives way.
 */
export function applyAck(view: ConversationView, messageId: string, ack: Ack): ConversationView {
  const turnId = ack.queued_turn_id ?? ack.turn_id;
  const local = view.turns.find((turn) => turn.turnId === localTurnId(messageId));
  const known = view.turns.find((turn) => turn.turnId === turnId);
  if (known !== undefined) {
    const turns = view.turns.filter((turn) => turn !== local);
    return withTurn({ ...view, turns }, turnId, (turn) => ({
      ...turn,
      messageId,
      question: turn.question === '' ? (local?.question ?? '') : turn.question,
      attachments: turn.attachments.length > 0 ? turn.attachments : (local?.attachments ?? []),
    }));
  }
  if (local === undefined) return view;
  const status = ack.status === 'external_event_recorded' ? 'completed' : 'queued';
  return withTurn(view, local.turnId, (turn) => ({ ...turn, turnId, status, error: undefined }));
}

/** The view without what is held of answers that still run: a replay from their start takes its place. */
export function forgetRunning(view: ConversationView): ConversationView {
  const turns = view.turns.map((turn) =>
    turn.status === 'running'
      ? { ...turn, answer: '', thinking: '', steps: [], citations: [], appliedLogId: undefined }
      : turn,
  );
  return { ...view, turns };
}

/**
 * A conversation read from the server takes the place of the view, except for what only this page knows: messages on
 * their way, and the text of a running turn that the server tells shorter than the stream already did.
 */
export function mergeStored(view: ConversationView, stored: ConversationView): ConversationView {
  const known = new Map(view.turns.map((turn) => [turn.turnId, turn]));
  const turns = stored.turns.map((turn) => {
    const before = known.get(turn.turnId);
    if (before === undefined || !isLive(turn)) return turn;
    const question = turn.question === '' ? before.question : turn.question;
    if (before.answer.length <= turn.answer.length) return { ...turn, question };
    const { answer, thinking, steps, citations, status, startedAt, appliedLogId } = before;
    return { ...turn, question, answer, thinking, steps, citations, status, startedAt, appliedLogId };
  });
  const storedIds = new Set(stored.turns.map((turn) => turn.turnId));
  const own = view.turns.filter(
    (turn) =>
      turn.messageId !== undefined &&
      !storedIds.has(turn.turnId) &&
      (isLive(turn) || turn.status === 'unsent'),
  );
  return { ...stored, turns: [...turns, ...own] };
}
