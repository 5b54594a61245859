import type { Ack } from '@switchyard/protocol';
import type { Random } from '../random.ts';
import type { Recorder } from './recorder.ts';

/** Who sends, and how it reaches an ingress. */
export interface Sender {
  readonly client: string;
  readonly streamId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly random: Random;
  readonly recorder: Recorder;
}

export interface Message {
  /** The same again is the same message. */
  readonly key: string;
  readonly kind: 'message' | 'steer' | 'recorded';
  readonly text: string;
  readonly bundle: 'steady' | 'wild';
  readonly conversation?: string;
}

const ANSWER_MS = 15_000;
const EVENT_TYPES = { message: 'event.user.prompt', steer: 'event.user.steer', recorded: 'event.page.seen' };

/** What these say is final: nothing of the message is there. Every other answer of the kind leaves it open. */
const isRefusal = (status: number, errorType: string): boolean =>
  status < 500 || errorType === 'queue.enqueue_rejected' || errorType === 'draining';

const bodyOf = ({ key, kind, text, bundle, conversation }: Message): string =>
  JSON.stringify({
    external_events: [
      {
        event_id: key,
        type: EVENT_TYPES[kind],
        event_source_id: 'chat.message',
        reactive: kind !== 'recorded',
        payload: { mime: 'text/plain', event: { text } },
      },
    ],
    ...(conversation === undefined ? {} : { conversation_id: conversation }),
    bundle_id: bundle,
  });

const read = async (response: Response): Promise<Ack | { errorType: string }> => {
  const body = (await response.json()) as Ack & { detail?: { error_type?: string } };
  return response.status === 200 ? body : { errorType: body.detail?.error_type ?? '' };
};

/** One attempt. Answers the ack, `refused`, or `unknown` when it may or may not have been taken. */
export const sendOnce = async (sender: Sender, message: Message): Promise<Ack | 'refused' | 'unknown'> => {
  const { client, streamId, headers, addresses, random, recorder } = sender;
  const { key, kind, text, conversation } = message;
  recorder.add({
    kind: 'submit',
    client,
    key,
    messageKind: kind,
    text,
    ...(conversation === undefined ? {} : { conversation }),
  });
  try {
    const response = await fetch(`${random.pick(addresses)}/sse/chat?stream_id=${streamId}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: bodyOf(message),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const answer = await read(response);
    if ('errorType' in answer) {
      const { errorType } = answer;
      recorder.count(`submit ${response.status} ${errorType}`);
      if (isRefusal(response.status, errorType)) {
        recorder.add({ kind: 'refused', client, key, status: response.status, errorType });
        return 'refused';
      }
      recorder.add({ kind: 'unknown', client, key, reason: `${response.status} ${errorType}` });
      return 'unknown';
    }
    recorder.count(`submit 200 ${answer.status}`);
    recorder.add({
      kind: 'ack',
      client,
      key,
      status: answer.status,
      turn: answer.turn_id,
      task: answer.task_id,
      conversation: answer.conversation_id,
      session: answer.session_id,
    });
    return answer;
  } catch (error) {
    recorder.count('submit without an answer');
    recorder.add({ kind: 'unknown', client, key, reason: error instanceof Error ? error.name : 'unknown' });
    return 'unknown';
  }
};
