import http from 'node:http';

export interface SseFrame {
  event: string;
  data: string;
  id?: string;
}

/** Opens an event stream and calls back for each whole frame. Resolves when the first bytes came; what it resolves with ends it. */
export function openSse(
  url: string,
  headers: Record<string, string>,
  onFrame: (frame: SseFrame) => void,
  onEnd: () => void = () => undefined,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      url,
      { headers: { accept: 'text/event-stream', ...headers }, agent: false },
      (response) => {
        if (response.statusCode !== 200) {
          reject(new Error(`stream answered ${response.statusCode ?? 0}`));
          return;
        }
        let buffer = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          buffer += chunk;
          for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
            const frame = parseFrame(buffer.slice(0, end));
            buffer = buffer.slice(end + 2);
            if (frame !== undefined) onFrame(frame);
          }
          resolve(() => request.destroy());
        });
        response.on('error', () => undefined);
        response.on('close', onEnd);
      },
    );
    request.on('error', reject);
  });
}

function parseFrame(text: string): SseFrame | undefined {
  let event = 'message';
  let data = '';
  let id: string | undefined;
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (line.startsWith('event:')) event = value;
    else if (line.startsWith('id:')) id = value;
    else if (line.startsWith('data:')) data += value;
  }
  return data === '' ? undefined : { event, data, ...(id === undefined ? {} : { id }) };
}
