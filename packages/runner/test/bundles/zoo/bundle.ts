import { defineBundle, operation, schedule, z } from '@switchyard/bundle-sdk';
import type { Turn } from '@switchyard/bundle-sdk';

const hoard: unknown[] = [];

/** The descriptor of the host wire, and a frame of its messages, as a hostile author would make it. */
const WIRE = 0;
function framed(text: string): Buffer {
  const head = Buffer.alloc(9);
  head[0] = 5;
  head.writeUInt32BE(Buffer.byteLength(text), 5);
  return Buffer.concat([head, Buffer.from(text)]);
}
/** For ever, a pause when the wire is full. */
async function writeAgainAndAgain(bytes: Buffer): Promise<never> {
  const { writeSync } = await import('node:fs');
  for (let rest = bytes; ;) {
    try {
      rest = rest.subarray(writeSync(WIRE, rest));
      if (rest.length === 0) rest = bytes;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** Every way in which a bundle can behave, by the first word of the message. */
const ways: Record<string, (turn: Turn, words: string[]) => Promise<unknown>> = {
  async stream(turn, [count = '10', size = '1']) {
    for (let index = 0; index < Number(count); index += 1)
      await turn.delta(`${index},`.padEnd(Number(size), '.'));
    return undefined;
  },
  async unawaited(turn, [count = '10']) {
    for (let index = 0; index < Number(count); index += 1) void turn.delta(`${index},`);
    return undefined;
  },
  async everything(turn) {
    await turn.step('look', { status: 'started', title: 'Looking', data: { n: 1 } });
    await turn.thinking('hm');
    await turn.delta('Answer [1]');
    await turn.citations([{ id: 1, title: 'Source' }]);
    await turn.title('A talk');
    await turn.followups(['And?']);
    await turn.service('x.ping', { a: 1 });
    await turn.event('x.event', { b: 2 }, { title: 'B' });
    await turn.file({ filename: 'a.txt', mime: 'text/plain', content: 'in the file' });
    await turn.usage.record({ provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 });
    await turn.step('look', { status: 'completed' });
    return { followups: ['More?'], score: 1 };
  },
  async facts(turn) {
    const { id, message, user, conversation } = turn;
    return {
      facts: { id, message, user, conversation, last: turn.history(1), env: Object.keys(process.env) },
    };
  },
  async logs(turn, [name = '?', count = '20']) {
    for (let line = 0; line < Number(count); line += 1) {
      console.log('line', name, line);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.error(new Error(`done ${name}`).message);
    await turn.delta(name);
  },
  async mailbox(turn) {
    const seen = [(await turn.peekNextContinuation())?.message];
    for await (const item of turn.continuations()) seen.push(item.message);
    return { seen };
  },
  async wait(turn) {
    await turn.delta('waiting');
    await new Promise((_resolve, reject) =>
      turn.signal.addEventListener('abort', () => reject(turn.signal.reason as Error)),
    );
  },
  async deaf(turn) {
    await turn.delta('deaf');
    await new Promise((resolve) => setTimeout(resolve, 600_000));
  },
  async pause(turn, [ms = '100']) {
    await turn.delta('[');
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    await turn.delta(']');
  },
  /** Goes on when the test answers the call: nothing here depends on how fast a machine is. */
  async ask(turn) {
    await turn.delta('[');
    await turn.peekNextContinuation();
    await turn.delta(']');
  },
  async endless(turn) {
    for (;;) await turn.delta('more and more ');
  },
  async flood(turn) {
    for (;;) void turn.event('flood', { text: 'x'.repeat(1000) });
  },
  async late(turn) {
    setTimeout(() => void turn.delta('too late'), 20);
    await turn.delta('on time');
  },
  async reject() {
    void Promise.reject(new Error('nobody caught this'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { survived: true };
  },
  async throw() {
    throw new TypeError('the author made a mistake');
  },
  async uncaught() {
    setTimeout(() => {
      throw new Error('out of the blue');
    }, 5);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  async bigint() {
    return { value: 10n };
  },
  async badevent(turn) {
    await turn.title('');
    await new Promise((_resolve, reject) => turn.signal.addEventListener('abort', reject));
  },
  async mismatch(turn) {
    await turn.delta('one');
    return { final_answer: 'two' };
  },
  async whole() {
    return { final_answer: 'not streamed' };
  },
  async exit(_turn, [code = '3']) {
    console.error('about to exit');
    process.exit(Number(code));
  },
  async loop(turn) {
    await turn.delta('before the loop');
    for (;;) hoard.length = 0;
  },
  async heap() {
    for (;;) hoard.push({ a: [1, 2, 3], b: String(hoard.length) });
  },
  async buffers() {
    for (;;) {
      hoard.push(Buffer.alloc(8 << 20, 1));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },
  async garbage() {
    const { writeSync } = await import('node:fs');
    writeSync(WIRE, 'this is no frame\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  async forged(_turn, [line = '{}']) {
    const { writeSync } = await import('node:fs');
    writeSync(WIRE, framed(`${line}\n`));
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  async pongs() {
    return writeAgainAndAgain(framed('{"v":1,"kind":"pong","id":1,"rssBytes":1}\n'.repeat(500)));
  },
  async chatter(_turn, [count = '10']) {
    for (let line = 0; line < Number(count); line += 1) console.log('chatter', line);
  },
  async longline() {
    return writeAgainAndAgain(framed('x'.repeat(30_000)));
  },
  async longframe() {
    return writeAgainAndAgain(
      Buffer.concat([Buffer.from([5, 0, 0, 0, 0, 0, 1, 0, 0]), Buffer.alloc(65_536)]),
    );
  },
  async stdin(turn) {
    // The wire lies on the descriptor of standard input, and a bundle that reads that gets nothing.
    for await (const chunk of process.stdin) await turn.delta(String(chunk));
    return { facts: { stdin: 'ended' } };
  },
  async memory() {
    return { rss: process.memoryUsage.rss() };
  },
};

export default defineBundle({
  id: 'zoo',
  name: 'Zoo',
  description: 'For tests',
  starters: ['stream 3'],
  limits: { concurrency: 200 },
  secrets: ['ZOO_KEY'],
  onLoad: () => console.log('loaded'),
  onTurnCompleted: (turn) => console.log('completed', turn.turn_id),
  async executeCore(turn) {
    const [way = '', ...words] = turn.message.split(' ');
    const act = ways[way];
    if (act === undefined) throw new Error(`no such way: ${way}`);
    return ((await act(turn, words)) ?? {}) as Record<string, unknown>;
  },
  operations: {
    count: operation({
      input: z.object({ text: z.string() }),
      output: z.object({ characters: z.number() }),
      allow: 'registered',
      run: (_ctx, { text }) => ({ characters: text.length }),
    }),
  },
  schedules: { tidy: schedule({ cron: '0 3 * * *', run: () => undefined }) },
});
