import { connect } from 'node:net';

const REPLY_LIMIT_MS = 10_000;

const readReply = (text: string): string | undefined => {
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return undefined;
  if (text[0] !== '$') return text.slice(0, lineEnd);
  const length = Number(text.slice(1, lineEnd));
  const body = text.slice(lineEnd + 2);
  return Buffer.byteLength(body) < length + 2 ? undefined : body.slice(0, -2);
};

/**
 * Sends one command with text arguments and resolves its reply line (or bulk text). For the test bench itself, which
 * must be able to look at a Redis without the driver under test. A node of a cluster that names another one is believed.
 */
export const redisCommand = async (url: string, ...words: readonly string[]): Promise<string> => {
  const { hostname, port, password } = new URL(firstNode(url));
  try {
    return await send({ hostname, port, password }, words);
  } catch (error) {
    const moved = error instanceof Error ? /^redis: MOVED \d+ (.+):(\d+)$/.exec(error.message) : null;
    if (moved === null) throw error;
    return send({ hostname: moved[1] ?? '', port: moved[2] ?? '', password }, words);
  }
};

/** `redis+cluster://a:1,b:2` -> `redis://a:1`. */
const firstNode = (url: string): string => url.replace('+cluster', '').split(',', 1)[0] ?? url;

const send = (
  { hostname, port, password }: { hostname: string; port: string; password: string },
  words: readonly string[],
): Promise<string> =>
  new Promise((resolve, reject) => {
    const commands = [...(password === '' ? [] : [['AUTH', decodeURIComponent(password)]]), words];
    const socket = connect(Number(port), hostname);
    socket.setTimeout(REPLY_LIMIT_MS, () => socket.destroy(new Error(`redis ${words[0]} got no reply`)));
    socket.once('error', reject);
    // A server that is killed closes without an error; after a reply this rejects nothing any more.
    socket.once('close', () => reject(new Error(`redis closed before it answered ${words[0]}`)));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      if (password !== '' && text.startsWith('+OK\r\n')) text = text.slice('+OK\r\n'.length);
      const reply = readReply(text);
      if (reply === undefined) return;
      socket.end();
      if (reply.startsWith('-')) reject(new Error(`redis: ${reply.slice(1)}`));
      else resolve(reply);
    });
    for (const command of commands) {
      const parts = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
      socket.write(`*${command.length}\r\n${parts.join('')}`);
    }
  });
