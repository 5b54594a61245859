import type { RunEvent } from '@switchyard/protocol';

/** Of a line that has not ended; a longer one is told in pieces. */
const MAX_HELD_CHARACTERS = 8 * 1024;

/** Output goes on by whole lines, each masked: a value that a program prints in one line is not cut in two by the pipe. */
export async function* maskEvents(
  events: AsyncIterable<RunEvent>,
  mask: <T>(value: T) => T,
): AsyncGenerator<RunEvent> {
  const held = { stdout: '', stderr: '' };
  for await (const event of events) {
    if (event.type === 'output') {
      const { stream } = event;
      const text = held[stream] + event.text;
      const end = text.length > MAX_HELD_CHARACTERS ? text.length : text.lastIndexOf('\n') + 1;
      held[stream] = text.slice(end);
      if (end > 0) yield { ...event, text: mask(text.slice(0, end)) };
      continue;
    }
    for (const stream of ['stdout', 'stderr'] as const) {
      if (held[stream] !== '') yield { type: 'output', stream, text: mask(held[stream]) };
      held[stream] = '';
    }
    yield event.type === 'file' ? event : mask(event);
  }
}
