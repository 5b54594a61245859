import { ARTIFACT_TYPES, formatTimestamp } from '@switchyard/protocol';
import type { Artifact, Attachment, ExternalEvent, TurnRecord } from '@switchyard/protocol';

/** What a turn row holds of its message and its answer. `answer` is trusted to be a TurnRecord: only proc writes it. */
export interface TurnContent {
  turn_id: string;
  conversation_id: string;
  user_id: string;
  kind: string;
  text: string;
  created_at: string;
  ended_at: string | null;
  attachments: Attachment[] | null;
  events: ExternalEvent[] | null;
  answer: Partial<TurnRecord> | null;
  answer_text: string | null;
  error: { error?: string; message?: string; error_type?: string } | null;
}

/** One turn as the artifacts that KDCube's clients read (03 §2): question first, then how the answer came about, then the answer. */
export function buildArtifacts(turn: TurnContent, materialize: boolean): Artifact[] {
  const all = [...messageArtifacts(turn), ...workArtifacts(turn), ...answerArtifacts(turn)];
  return materialize ? all : all.map(({ type, ts }) => ({ type, ts }));
}

function messageArtifacts(turn: TurnContent): Artifact[] {
  const meta = { turn_id: turn.turn_id, kind: turn.kind };
  const artifacts: Artifact[] = [];
  if (turn.text !== '' || turn.kind === 'recorded') {
    const payload = { events: turn.events ?? [] };
    artifacts.push({
      type: ARTIFACT_TYPES.user,
      ts: turn.created_at,
      data: { text: turn.text, payload, meta },
    });
  }
  for (const file of turn.attachments ?? []) {
    artifacts.push(fileArtifact(ARTIFACT_TYPES.userAttachment, turn, file, turn.created_at));
  }
  return artifacts;
}

function workArtifacts(turn: TurnContent): Artifact[] {
  const ts = turn.ended_at ?? turn.created_at;
  const { thinking, steps = [], citations = [] } = turn.answer ?? {};
  const artifacts: Artifact[] = [];
  if (thinking !== undefined && thinking !== '') {
    artifacts.push({ type: ARTIFACT_TYPES.thinking, ts, data: { text: thinking, payload: {} } });
  }
  const first = steps[0];
  if (first !== undefined) {
    const from = formatTimestamp(first.ts);
    artifacts.push({ type: ARTIFACT_TYPES.steps, ts: from, data: { text: '', payload: { items: steps } } });
    const items = steps.flatMap((step) =>
      step.title === undefined
        ? []
        : [{ artifact_name: step.name, text: step.title, ts_first: step.ts, ts_last: step.ts }],
    );
    if (items.length > 0)
      artifacts.push({ type: ARTIFACT_TYPES.timelineText, ts: from, data: { text: '', payload: { items } } });
  }
  if (citations.length > 0) {
    const items = citations.map((citation) => ({
      ...citation,
      sid: citation.id,
      text: citation.quote ?? '',
    }));
    artifacts.push({ type: ARTIFACT_TYPES.citations, ts, data: { text: '', payload: { items } } });
  }
  return artifacts;
}

function answerArtifacts(turn: TurnContent): Artifact[] {
  const ts = turn.ended_at ?? turn.created_at;
  const { files = [], followups = [], usage = [] } = turn.answer ?? {};
  const text = turn.answer?.final_answer ?? turn.answer_text ?? '';
  const artifacts = files.map((file) => fileArtifact(ARTIFACT_TYPES.assistantFile, turn, file, ts));
  if (text !== '' || turn.answer !== null) {
    artifacts.push({
      type: ARTIFACT_TYPES.assistant,
      ts,
      data: { text, payload: { usage }, meta: { turn_id: turn.turn_id } },
    });
  }
  if (followups.length > 0) {
    artifacts.push({ type: ARTIFACT_TYPES.followups, ts, data: { text: '', payload: { items: followups } } });
  }
  if (turn.error !== null) {
    const error = turn.error.error ?? turn.error.message ?? '';
    const payload = { error, error_type: turn.error.error_type ?? 'internal' };
    artifacts.push({ type: ARTIFACT_TYPES.error, ts, data: { text: error, payload } });
  }
  return artifacts;
}

/** `rn` is the tail of the resource address of 03 §2, after the scope. */
function fileArtifact(
  type: string,
  turn: TurnContent,
  file: Omit<Attachment, 'event_id'>,
  ts: string,
): Artifact {
  const rn = `conv/${turn.user_id}/${turn.conversation_id}/turn/${turn.turn_id}/attachment/${file.sha256}`;
  const { filename, mime, size } = file;
  return { type, ts, data: { text: filename, payload: { filename, mime, size, rn, description: null } } };
}
