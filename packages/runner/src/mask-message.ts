import type { FromHost } from '../host/messages.ts';

/**
 * Everything that people may read: events, lines, errors, what a turn returns and what an operation answers. Calls go as they are: a
 * secret is there to be sent to the service that it is for. So do bytes, whole and streamed: a text in them is not known to be one.
 */
export function maskMessage(message: FromHost, mask: <T>(value: T) => T): FromHost {
  switch (message.kind) {
    case 'event':
      return { ...message, event: mask(message.event) };
    case 'log':
      return { ...message, text: mask(message.text) };
    case 'fatal':
      return { ...message, error: mask(message.error) };
    case 'head':
      return { ...message, value: mask(message.value) };
    case 'result':
      if (message.error !== undefined) return { ...message, error: mask(message.error) };
      return { ...message, value: mask(message.value) };
    default:
      return message;
  }
}
