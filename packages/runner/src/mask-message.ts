import type { FromHost } from '../host/messages.ts';

/** Everything that people may read: events, lines, errors, and what a turn returns. Calls and answers of operations go as they are. */
export function maskMessage(
  message: FromHost,
  mask: <T>(value: T) => T,
  isTurn: (id: number) => boolean,
): FromHost {
  switch (message.kind) {
    case 'event':
      return { ...message, event: mask(message.event) };
    case 'log':
      return { ...message, text: mask(message.text) };
    case 'fatal':
      return { ...message, error: mask(message.error) };
    case 'result':
      if (message.error !== undefined) return { ...message, error: mask(message.error) };
      return isTurn(message.id) ? { ...message, value: mask(message.value) } : message;
    default:
      return message;
  }
}
