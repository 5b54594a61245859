import type { StreamSide } from './sides.ts';
import type { OnMessage } from './token-message.ts';

const AT_ONCE = 50;

/** Opens so many readers, some at a time; resolves with the streams that reach them. */
export async function openReaders(
  side: StreamSide,
  count: number,
  onMessage: (reader: number) => OnMessage,
  from = 0,
): Promise<{ streams: string[]; close(): void }> {
  const opened: { stream: string; close(): void }[] = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_none, index) => {
      const reader = from + at + index;
      return side.open(reader, onMessage(reader));
    });
    opened.push(...(await Promise.all(some)));
  }
  return {
    streams: opened.map(({ stream }) => stream),
    close() {
      for (const each of opened) each.close();
    },
  };
}
