import { writeFile } from 'node:fs/promises';
import type { BundleEvent } from '@switchyard/protocol';
import type { HostPort } from './bundle-runtime.ts';
import type { Communicator } from './contexts.ts';

/** One delta event carries at most this much text (UTF-16 units), so that one huge string cannot hold up its neighbours. */
const MAX_DELTA_LENGTH = 16 * 1024;

/** A communicator that also remembers the answer, for `final_answer`. */
export interface AnswerRecorder {
  readonly communicator: Communicator;
  answer(): string;
}

export function createCommunicator(port: Pick<HostPort, 'emit' | 'scratchDir'>): AnswerRecorder {
  let answer = '';
  let writtenFiles = 0;
  const emit = (event: BundleEvent) => port.emit(event);
  const text = (piece: string, marker: string) => {
    if (typeof piece !== 'string') throw new TypeError(`a delta is a string, not ${typeof piece}`);
    if (marker === 'answer') answer += piece;
    let last: Promise<void> = Promise.resolve();
    for (const part of splitText(piece)) last = emit({ kind: 'delta', text: part, marker });
    return last;
  };
  return {
    answer: () => answer,
    communicator: {
      delta: (piece, options) => text(piece, options?.marker ?? 'answer'),
      thinking: (piece) => text(piece, 'thinking'),
      step: (name, state) => emit({ kind: 'step', name, ...state }),
      async file({ filename, mime, ...from }) {
        if ('path' in from) return emit({ kind: 'file', filename, mime, path: from.path });
        // A name of its own: what people call the file is for people.
        const path = `answer-file-${(writtenFiles += 1)}`;
        await writeFile(`${port.scratchDir()}/${path}`, from.content);
        return emit({ kind: 'file', filename, mime, path });
      },
      citations: (items) => emit({ kind: 'citations', items: [...items] }),
      followups: (items) => emit({ kind: 'followups', items: [...items] }),
      title: (title) => emit({ kind: 'title', title }),
      service: (type, data) => emit({ kind: 'service', type, data }),
      event: (type, data, options) => emit({ kind: 'event', type, data, ...options }),
    },
  };
}

/** Cuts between characters, never inside a surrogate pair. */
export function splitText(text: string, maxLength = MAX_DELTA_LENGTH): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + maxLength);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && end - start > 1 && last >= 0xd800 && last <= 0xdbff) end -= 1;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}
