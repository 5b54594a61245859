/** One frame of an event stream. `data` may hold line ends; `id` and `event` may not. A frame with nothing but `id` moves the position. */
export interface SseFrame {
  readonly id?: string | undefined;
  readonly event?: string | undefined;
  readonly data?: string | undefined;
  /** How long the client waits before it comes back. */
  readonly retryMs?: number;
  /** One line that clients leave out. */
  readonly comment?: string;
}

const LINE_END = /[\r\n\0]/;
const DATA_LINE_END = /\r\n|\r|\n/;

/** The text of a frame. Throws a TypeError for an id or event of more than one line. */
export function encodeSseFrame({ id, event, data, retryMs, comment }: SseFrame): string {
  let text = comment === undefined ? '' : `: ${oneLine(comment, 'comment')}\n`;
  if (retryMs !== undefined) text += `retry: ${retryMs}\n`;
  if (id !== undefined) text += `id: ${oneLine(id, 'id')}\n`;
  if (event !== undefined) text += `event: ${oneLine(event, 'event')}\n`;
  if (data !== undefined) text += DATA_LINE_END.test(data) ? dataLines(data) : `data: ${data}\n`;
  return `${text}\n`;
}

function dataLines(data: string): string {
  return data
    .split(DATA_LINE_END)
    .map((line) => `data: ${line}\n`)
    .join('');
}

function oneLine(value: string, field: string): string {
  if (LINE_END.test(value)) throw new TypeError(`sse ${field} must be one line`);
  return value;
}
