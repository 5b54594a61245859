import type { ChatEnvelope, Citation, ConvStatus } from '@switchyard/protocol';
import type { ConversationView, FileView, TurnView, TurnViewStatus } from './conversation-view.ts';
import { emptyTurn, isLive, isUnacked, withTurn } from './conversation-view.ts';
import { isAfter } from './log-position.ts';
import { applyStep } from './step-view.ts';
import type { StreamEvent } from './stream-event.ts';
import { isEnvelope, isRecord, resyncTurns } from './stream-event.ts';

/**
 * One frame into the view of its conversation. Pure. Idempotent by log id: a frame at or before what the view (or the
 * turn) already holds changes nothing, so a replay after a reconnect, a page load in mid-answer and a second delivery
 * all end in the same text. Returns the same object when nothing changed.
 *
 * A turn that reached an end takes nothing more: a stored conversation may be newer than the position it was read at.
 */
export function applyEvent(view: ConversationView, frame: StreamEvent): ConversationView {
  if (frame.event === 'resync') return applyResync(view, frame);
  if (!isEnvelope(frame.data)) return view;
  const envelope = frame.data;
  if (envelope.conversation.conversation_id !== view.conversationId) return view;
  if (frame.id !== undefined && !isAfter(frame.id, view.appliedLogId)) return view;
  const next = applyEnvelope(view, frame.event, envelope, frame.id);
  return frame.id === undefined ? next : { ...next, appliedLogId: frame.id };
}

/**
 * Does a joined frame begin within what the view holds and end behind it? Half of it would be a repeat, and it cannot be cut:
 * the caller reads the conversation again, and the answer so far with it. Happens where two streams are put together, each of
 * which joined other deltas: a replay and the session's, or those of two tabs that led after one another.
 */
export function isSplit(view: ConversationView, frame: StreamEvent): boolean {
  if (frame.id === undefined || frame.event !== 'chat_delta' || !isEnvelope(frame.data)) return false;
  const { conversation, extra } = frame.data;
  const first = extra?.['first_log_id'];
  if (typeof first !== 'string' || conversation.conversation_id !== view.conversationId) return false;
  const turn = view.turns.find(({ turnId }) => turnId === conversation.turn_id);
  if (turn !== undefined && !isLive(turn)) return false;
  const held = [view.appliedLogId, turn?.appliedLogId].filter((id) => id !== undefined);
  return held.some((id) => !isAfter(first, id)) && held.every((id) => isAfter(frame.id ?? '', id));
}

/** The log no longer reaches back to us. Running answers come along; the caller reads the conversation again. */
function applyResync(view: ConversationView, frame: StreamEvent): ConversationView {
  let next: ConversationView = { ...view, appliedLogId: frame.id };
  for (const turn of resyncTurns(frame.data)) {
    next = withTurn(next, turn.turn_id, (known) =>
      isLive(known)
        ? { ...known, status: 'running', answer: turn.answer_so_far, appliedLogId: turn.log_id }
        : known,
    );
  }
  return next;
}

function applyEnvelope(
  view: ConversationView,
  event: string,
  envelope: ChatEnvelope,
  logId: string | undefined,
): ConversationView {
  if (event === 'conv_status') return applyStatus(view, envelope);
  if (event === 'chat_service') return applyService(view, envelope);
  if (envelope.type === 'chat.conversation.title') {
    const title = envelope.data?.['title'];
    return typeof title === 'string' ? { ...view, title } : view;
  }
  const turnId = envelope.conversation.turn_id;
  if (turnId === '') return view;
  const withIt = ensureTurn(view, turnId, event, envelope);
  return withTurn(withIt, turnId, (turn) => {
    if (!isLive(turn)) return turn;
    if (logId !== undefined && !isAfter(logId, turn.appliedLogId)) return turn;
    const next = applyToTurn(turn, event, envelope);
    return logId === undefined ? next : { ...next, appliedLogId: logId };
  });
}

/** An event may be the first we hear of a turn, or the first of a message whose ack is still on its way to us. */
function ensureTurn(
  view: ConversationView,
  turnId: string,
  event: string,
  envelope: ChatEnvelope,
): ConversationView {
  if (view.turns.some((turn) => turn.turnId === turnId)) return view;
  const message = event === 'chat_start' ? envelope.data?.['message'] : undefined;
  const own = view.turns.find((turn) => isUnacked(turn) && turn.question === message);
  if (own !== undefined) return withTurn(view, own.turnId, (turn) => ({ ...turn, turnId, status: 'queued' }));
  return { ...view, turns: [...view.turns, { ...emptyTurn(turnId), createdAt: envelope.ts }] };
}

function applyToTurn(turn: TurnView, event: string, envelope: ChatEnvelope): TurnView {
  const { data = {} } = envelope;
  switch (event) {
    case 'chat_start': {
      const question = typeof data['message'] === 'string' ? data['message'] : turn.question;
      return { ...turn, status: 'running', question, startedAt: envelope.ts };
    }
    case 'chat_delta':
      return applyDelta(turn, envelope);
    case 'chat_step':
      return applyTurnStep(turn, envelope);
    case 'chat_complete':
      return {
        ...turn,
        status: 'completed',
        answer: typeof data['final_answer'] === 'string' ? data['final_answer'] : turn.answer,
        followups: readStrings(data['followups']) ?? turn.followups,
        endedAt: envelope.ts,
      };
    case 'chat_error': {
      const errorType = typeof data['error_type'] === 'string' ? data['error_type'] : 'error';
      const message = typeof data['error'] === 'string' ? data['error'] : '';
      return { ...turn, status: endOf(errorType), error: { message, errorType }, endedAt: envelope.ts };
    }
    default:
      return turn;
  }
}

/** Which end an error type is, for the words that the reader gets. */
export function endOf(errorType: string): TurnViewStatus {
  if (errorType === 'cancelled') return 'cancelled';
  return errorType === 'turn_interrupted' ? 'interrupted' : 'failed';
}

function applyDelta(turn: TurnView, envelope: ChatEnvelope): TurnView {
  const text = envelope.delta?.text ?? '';
  const status = 'running' as const;
  switch (envelope.delta?.marker) {
    case 'answer':
      return { ...turn, status, answer: turn.answer + text };
    case 'thinking':
      return { ...turn, status, thinking: turn.thinking + text };
    default:
      return turn;
  }
}

function applyTurnStep(turn: TurnView, envelope: ChatEnvelope): TurnView {
  const { data = {} } = envelope;
  switch (envelope.type) {
    case 'chat.citations':
      return { ...turn, citations: mergeCitations(turn.citations, readCitations(data['items']) ?? []) };
    case 'chat.followups':
      return { ...turn, followups: readStrings(data['items']) ?? turn.followups };
    case 'chat.files':
      return { ...turn, files: readFiles(data['items']) ?? turn.files };
    case 'chat.attachments':
      return { ...turn, attachments: readFiles(data['items']) ?? turn.attachments };
    default: {
      const { step: name, status, title } = envelope.event;
      // A custom type without a title is for programs, not for readers.
      if (envelope.type !== 'chat.step' && title === undefined) return turn;
      return {
        ...turn,
        steps: applyStep(turn.steps, { name, status, title, ts: envelope.ts, data: envelope.data }),
      };
    }
  }
}

function applyStatus(view: ConversationView, envelope: ChatEnvelope): ConversationView {
  const status = envelope.data as Partial<ConvStatus> | undefined;
  return status?.state === undefined ? view : { ...view, state: status.state };
}

/** The mailbox tells of messages that came while a turn was running: taken in, or waiting for their own. */
function applyService(view: ConversationView, envelope: ChatEnvelope): ConversationView {
  const data = envelope.data ?? {};
  const queuedTurnId = data['queued_turn_id'];
  if (typeof queuedTurnId !== 'string') return view;
  if (envelope.type === 'event.continuation.consumed') {
    const parent = data['turn_id'];
    const foldedInto = typeof parent === 'string' ? parent : envelope.conversation.turn_id;
    return withTurn(view, queuedTurnId, (turn) => ({ ...turn, status: 'folded', foldedInto }));
  }
  // It was for a turn that ended before it was taken.
  if (envelope.type === 'active_turn_control_no_active_turn')
    return withTurn(view, queuedTurnId, (turn) => ({ ...turn, status: 'cancelled' }));
  if (
    envelope.type !== 'event.continuation.accepted' ||
    view.turns.some((turn) => turn.turnId === queuedTurnId)
  ) {
    return view;
  }
  const question = typeof data['message'] === 'string' ? data['message'] : '';
  if (question === '' || view.turns.some((turn) => isUnacked(turn) && turn.question === question))
    return view;
  return {
    ...view,
    turns: [...view.turns, { ...emptyTurn(queuedTurnId, 'queued'), question, createdAt: envelope.ts }],
  };
}

export function readStrings(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

export function readCitations(value: unknown): readonly Citation[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(
    (item): item is Citation =>
      isRecord(item) && typeof item['id'] === 'number' && typeof item['title'] === 'string',
  );
}

/** A later one of the same number takes the place of the earlier, as in the stored record. */
function mergeCitations(known: readonly Citation[], items: readonly Citation[]): readonly Citation[] {
  const byId = new Map([...known, ...items].map((item) => [item.id, item]));
  return [...byId.values()];
}

export function readFiles(value: unknown): readonly FileView[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isRecord).map((file) => ({
    filename: typeof file['filename'] === 'string' ? file['filename'] : 'file',
    mime: typeof file['mime'] === 'string' ? file['mime'] : 'application/octet-stream',
    size: typeof file['size'] === 'number' ? file['size'] : 0,
  }));
}
