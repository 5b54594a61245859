/** One frame as it came; `event` is empty in a frame that only moves the position. */
export interface Frame {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string;
}

const parseFrame = (block: string): Frame | undefined => {
  let [id, event]: [string | undefined, string] = [undefined, ''];
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === 'id') id = value;
    else if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
  }
  if (id === undefined && event === '' && data.length === 0) return undefined; // a comment, or `retry`
  return { id, event, data: data.join('\n') };
};

/**
 * Frames of an event stream. Written here because libraries hand on no frame without data, and the history wants those too.
 * Half a frame at the end of a broken stream is none.
 */
export async function* readFrames(
  body: AsyncIterable<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<Frame> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    onBytes();
    rest += decoder.decode(bytes, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const frame = parseFrame(block);
      if (frame !== undefined) yield frame;
    }
  }
}
