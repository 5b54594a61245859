import type { ChatEnvelope } from '@switchyard/protocol';
import { EventSourceParserStream } from 'eventsource-parser/stream';

/** One frame as a client sees it. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: ChatEnvelope & Record<string, unknown>;
}

/** Frames of an event stream as they arrive. Leaving the loop ends the request. */
export async function* readEvents(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) throw new Error('the answer has no body');
  const frames = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { id, event, data } of frames) {
    yield { id, event: event ?? 'message', data: JSON.parse(data) as StreamEvent['data'] };
  }
}

/** Reads until the predicate holds, that frame included. Throws when the stream ends before. */
export const readUntil = async (
  events: AsyncGenerator<StreamEvent>,
  isLast: (event: StreamEvent) => boolean,
): Promise<StreamEvent[]> => {
  const read: StreamEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the stream ended after ${read.map(({ event }) => event).join(', ')}`);
    read.push(value);
    if (isLast(value)) return read;
  }
};

export const isTerminal = ({ event }: StreamEvent): boolean =>
  event === 'chat_complete' || event === 'chat_error';

/** The answer as a page shows it: the deltas of the marker `answer`, in order. */
export const answerText = (events: readonly StreamEvent[]): string =>
  events
    .filter(({ event, data }) => event === 'chat_delta' && data.delta?.marker === 'answer')
    .map(({ data }) => data.delta?.text ?? '')
    .join('');

export const countOf = (events: readonly StreamEvent[], name: string): number =>
  events.filter(({ event }) => event === name).length;

/** The numbers from 1 as the shipped bundle counts them. */
export const counted = (last: number): string =>
  `${Array.from({ length: last }, (_each, index) => index + 1).join(', ')}.`;
