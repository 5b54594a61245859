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
 * must be able to look at a Redis without the driver under test.
 */
export const redisCommand = (url: string, ...words: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port, password } = new URL(url);
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
