import { formatTimestamp } from '@switchyard/protocol';
import type {
  BundleEvent,
  ChatEnvelope,
  ChatTaskPayload,
  EventName,
  EventStatus,
} from '@switchyard/protocol';
import { PlatformError } from '@switchyard/kernel';
import { conversationContext, serviceContext } from '@switchyard/turns';
import type { AnswerFile } from './store-file.ts';

/** One event as it goes to the log: its name on the stream and its body. */
export interface OutgoingEvent {
  event: EventName;
  data: ChatEnvelope;
}

type Body = Pick<ChatEnvelope, 'type' | 'event'> &
  Partial<Pick<ChatEnvelope, 'data' | 'delta' | 'text' | 'idx' | 'extra'>>;

/** Who speaks, for clients that show several agents. A bundle is one. */
const AGENT = 'assistant';

/** What pages do with a marker's text. The names are those that existing clients know. */
const FORMAT_OF_MARKER: Readonly<Record<string, string>> = {
  answer: 'markdown',
  thinking: 'markdown',
  timeline_text: 'markdown',
};

/**
 * Types that mean something to the platform or its clients. A bundle that could send them would fake the end of a
 * turn, a queue's refusal or somebody's bill.
 */
const RESERVED_TYPES = new Set([
  'chat.start',
  'chat.delta',
  'chat.complete',
  'chat.error',
  'chat.service',
  'chat.compaction',
  'conv.status',
]);
const RESERVED_AREAS = [
  'queue.',
  'gateway.',
  'rate_limit.',
  'event.continuation.',
  'accounting.',
  'auth.',
  'server.',
];

/**
 * Turns what a bundle says into the wire's events (03 §3). Holds the index of each marker, so it belongs to one turn.
 */
export class Envelopes {
  readonly #indexes = new Map<string, number>();
  readonly #open = new Set<string>();
  readonly #now: () => number;
  readonly #service: ChatEnvelope['service'];
  readonly #conversation: ChatEnvelope['conversation'];

  /** @param now milliseconds since the epoch */
  constructor(payload: ChatTaskPayload, now: () => number) {
    this.#now = now;
    this.#service = serviceContext(payload);
    this.#conversation = conversationContext(payload);
  }

  /** Throws BUNDLE_ERROR for a type that is not the bundle's to send. */
  fromBundle(event: BundleEvent): OutgoingEvent {
    switch (event.kind) {
      case 'delta':
        return this.delta(event.text, event.marker, event.completed ?? false);
      case 'step':
        return this.#step('chat.step', event.name, event.status, event.title, event.data ?? {});
      case 'citations':
        return this.#step('chat.citations', 'citations', 'completed', 'Citations', { items: event.items });
      case 'followups':
        return this.#step('chat.followups', 'followups', 'completed', 'Followups', { items: event.items });
      case 'title':
        return this.title(event.title);
      case 'usage':
        return this.#serviceEvent('accounting.usage', { ...event.usage });
      case 'service':
        return this.#serviceEvent(requireOwn(event.type), event.data);
      case 'event':
        return this.#step(requireOwn(event.type), 'event', 'completed', event.title, event.data);
      case 'notify':
        throw PlatformError.of(
          'BUNDLE_ERROR',
          'A turn tells its own streams: notify() is for operations and jobs.',
        );
      case 'file':
        // A file is stored before it is told, so what is told comes from `files`.
        throw PlatformError.of('BUNDLE_ERROR', 'A file of an answer was not stored.');
    }
  }

  delta(text: string, marker: string, isCompleted: boolean): OutgoingEvent {
    const index = this.#indexes.get(marker) ?? 0;
    this.#indexes.set(marker, index + 1);
    if (isCompleted) this.#open.delete(marker);
    else this.#open.add(marker);
    const status = isCompleted ? 'completed' : 'running';
    const data = this.#envelope({
      type: 'chat.delta',
      event: { agent: AGENT, step: 'stream', status, title: 'Assistant Delta' },
      delta: { text, marker, index, completed: isCompleted },
      text,
      idx: index,
      extra: { format: FORMAT_OF_MARKER[marker] ?? 'text', artifact_name: marker },
    });
    return { event: 'chat_delta', data };
  }

  /** All files of the answer so far: a later list replaces the former one. `rn` is where ingress serves them from. */
  files(files: readonly AnswerFile[]): OutgoingEvent {
    const { conversation_id: conversation, turn_id: turn } = this.#conversation;
    const base = `conv/${this.#service.user}/${conversation}/turn/${turn}/attachment`;
    const items = files.map(({ filename, mime, size, sha256 }) => ({
      filename,
      mime,
      size,
      rn: `${base}/${sha256}`,
    }));
    return this.#step('chat.files', 'files', 'completed', 'Files', { items });
  }

  title(title: string): OutgoingEvent {
    return this.#step('chat.conversation.title', 'conversation_title', 'completed', 'Conversation Title', {
      title,
    });
  }

  /** A last, empty delta for every marker that the bundle did not complete: its text is whole now. */
  closings(): ChatEnvelope[] {
    return [...this.#open].map((marker) => this.delta('', marker, true).data);
  }

  #step(
    type: string,
    step: string,
    status: EventStatus,
    title: string | undefined,
    data: Record<string, unknown>,
  ): OutgoingEvent {
    const event = { agent: AGENT, step, status, ...(title === undefined ? {} : { title }) };
    return { event: 'chat_step', data: this.#envelope({ type, event, data }) };
  }

  #serviceEvent(type: string, data: Record<string, unknown>): OutgoingEvent {
    const event = { agent: AGENT, step: 'service', status: 'completed' as const };
    return { event: 'chat_service', data: this.#envelope({ type, event, data }) };
  }

  #envelope({ type, event, ...rest }: Body): ChatEnvelope {
    const ts = this.#now();
    const timestamp = formatTimestamp(ts);
    return { type, timestamp, ts, service: this.#service, conversation: this.#conversation, event, ...rest };
  }
}

/** Throws BUNDLE_ERROR for a type that is the platform's to send. */
export function requireOwn(type: string): string {
  if (RESERVED_TYPES.has(type) || RESERVED_AREAS.some((area) => type.startsWith(area))) {
    throw PlatformError.of('BUNDLE_ERROR', `The event type "${type}" belongs to the platform.`);
  }
  return type;
}
