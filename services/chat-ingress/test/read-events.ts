import { createParser } from 'eventsource-parser';

export interface SeenEvent {
  id: string | undefined;
  event: string;
  data: Record<string, unknown>;
}

/** Reads an event stream until it ends or `until` says so; then the connection is closed. Bare positions are left out. */
export async function readEvents(
  answer: Response,
  until: (seen: readonly SeenEvent[]) => boolean = () => false,
): Promise<SeenEvent[]> {
  const seen: SeenEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      if (event !== undefined) seen.push({ id, event, data: JSON.parse(data) as Record<string, unknown> });
    },
  });
  const reader = (answer.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>()).getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return seen;
    parser.feed(decoder.decode(value, { stream: true }));
    if (until(seen)) {
      await reader.cancel();
      return seen;
    }
  }
}

export const namesOf = (seen: readonly SeenEvent[]) =>
  seen.map(({ event, data }) =>
    event === 'conv_status' ? `conv_status ${(data['data'] as { state: string }).state}` : event,
  );

export function answerOf(seen: readonly SeenEvent[]): string {
  return seen
    .filter(({ event }) => event === 'chat_delta')
    .map(({ data }) => String(data['text']))
    .join('');
}

export const isOver = (seen: readonly SeenEvent[]) =>
  seen.some(({ event }) => event === 'chat_complete' || event === 'chat_error');
/** The conversation rests again. */
export const isIdle = (seen: readonly SeenEvent[]) => isOver(seen) && seen.at(-1)?.event === 'conv_status';
