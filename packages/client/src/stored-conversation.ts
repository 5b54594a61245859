import type { Artifact, ConversationDetails, ConversationTurn, EventStatus } from '@switchyard/protocol';
import { endOf, readCitations, readFiles, readStrings } from './apply-event.ts';
import type {
  ConversationView,
  FileView,
  Reaction,
  StepView,
  TurnError,
  TurnView,
  TurnViewStatus,
} from './conversation-view.ts';
import { emptyTurn } from './conversation-view.ts';
import { titleOfStep } from './step-view.ts';
import { isRecord } from './stream-event.ts';

const ARTIFACT = {
  user: 'chat:user',
  assistant: 'chat:assistant',
  thinking: 'chat:thinking',
  attachment: 'artifact:user.attachment',
  file: 'artifact:assistant.file',
  citations: 'artifact:solver.program.citables',
  steps: 'artifact:conv.steps',
  followups: 'artifact:conv.user_shortcuts',
  error: 'artifact:conv.error',
} as const;

/**
 * A stored conversation, as `fetch` gives it, into the view that the stream goes on from. Of a running turn only the
 * question is stored: its answer so far comes from a replay (`needsReplay`).
 */
export function viewOfStored(details: ConversationDetails): ConversationView {
  return {
    conversationId: details.conversation_id,
    title: details.title ?? undefined,
    bundleId: details.bundle_id,
    state: details.state,
    turns: details.turns.map(viewOfTurn),
    appliedLogId: details.last_log_id === '' ? undefined : details.last_log_id,
  };
}

/** Is there a running turn whose beginning has not been seen? Its conversation then has no position yet. */
export function needsReplay(view: ConversationView): boolean {
  return view.turns.some((turn) => turn.status === 'running' && turn.appliedLogId === undefined);
}

function dataOf(turn: ConversationTurn, type: string): Record<string, unknown> {
  return turn.artifacts.find((artifact: Artifact) => artifact.type === type)?.data ?? {};
}

/** What stands beside the text: KDCube's clients look for it under `payload`. */
function payloadOf(data: Record<string, unknown>): Record<string, unknown> {
  return isRecord(data['payload']) ? data['payload'] : {};
}

function textOf(data: Record<string, unknown>): string {
  return typeof data['text'] === 'string' ? data['text'] : '';
}

function msOf(timestamp: string | null): number | undefined {
  const ms = timestamp === null ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(ms) ? undefined : ms;
}

function viewOfTurn(turn: ConversationTurn): TurnView {
  const payload = (type: string): Record<string, unknown> => payloadOf(dataOf(turn, type));
  const error = errorOf(payload(ARTIFACT.error));
  const reaction = turn.feedback?.reaction;
  return {
    ...emptyTurn(turn.turn_id, statusOf(turn.status, error)),
    question: textOf(dataOf(turn, ARTIFACT.user)),
    answer: textOf(dataOf(turn, ARTIFACT.assistant)),
    thinking: textOf(dataOf(turn, ARTIFACT.thinking)),
    steps: stepsOf(payload(ARTIFACT.steps)['items']),
    citations: readCitations(payload(ARTIFACT.citations)['items']) ?? [],
    followups: readStrings(payload(ARTIFACT.followups)['items']) ?? [],
    files: filesOf(turn, ARTIFACT.file),
    attachments: filesOf(turn, ARTIFACT.attachment),
    error,
    foldedInto: turn.folded_into ?? undefined,
    reaction: isReaction(reaction) ? reaction : undefined,
    createdAt: msOf(turn.created_at),
    startedAt: msOf(turn.started_at),
    endedAt: msOf(turn.ended_at),
  };
}

function filesOf(turn: ConversationTurn, type: string): readonly FileView[] {
  const found = turn.artifacts.filter((artifact) => artifact.type === type);
  return readFiles(found.map((artifact) => payloadOf(artifact.data ?? {}))) ?? [];
}

function isReaction(value: unknown): value is Reaction {
  return value === 'ok' || value === 'not_ok' || value === 'neutral';
}

function statusOf(status: ConversationTurn['status'], error: TurnError | undefined): TurnViewStatus {
  if (status === 'dead') return 'failed';
  return status === 'failed' && error !== undefined ? endOf(error.errorType) : status;
}

function errorOf(data: Record<string, unknown>): TurnError | undefined {
  if (typeof data['error_type'] !== 'string') return undefined;
  return { errorType: data['error_type'], message: typeof data['error'] === 'string' ? data['error'] : '' };
}

/** History keeps one entry a step with the time of its start; when it ended is not kept. */
function stepsOf(items: unknown): readonly StepView[] {
  if (!Array.isArray(items)) return [];
  return items.filter(isRecord).map((item) => {
    const name = typeof item['name'] === 'string' ? item['name'] : 'step';
    return {
      name,
      title: typeof item['title'] === 'string' ? item['title'] : titleOfStep(name),
      status: (typeof item['status'] === 'string' ? item['status'] : 'completed') as EventStatus,
      startedAt: typeof item['ts'] === 'number' ? item['ts'] : 0,
      data: isRecord(item['data']) ? item['data'] : undefined,
    };
  });
}
