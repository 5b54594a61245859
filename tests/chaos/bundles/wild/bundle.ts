import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle } from '@switchyard/bundle-sdk';
import type { Turn } from '@switchyard/bundle-sdk';

const HOST = randomUUID();
const hoard: unknown[] = [];
const FLOOD_EVENTS = 3000;
const FLOOD_TEXT = 'x'.repeat(1000);
const CHUNK_BYTES = 16 << 20;

const note = (turn: Turn, step: 'begin' | 'end'): void => {
  const { id, conversation } = turn;
  const at = String(process.hrtime.bigint());
  console.log(
    `journal ${JSON.stringify({ at, turn: id, conversation: conversation.conversation_id, host: HOST, step })}`,
  );
};

/** What no author means to write, by the second word of the message. */
const ways: Readonly<Record<string, (turn: Turn) => Promise<void>>> = {
  throws: () => Promise.reject(new TypeError('the author made a mistake')),
  async throwsLater() {
    setTimeout(() => {
      throw new Error('out of the blue');
    }, 20);
    await sleep(60_000);
  },
  /** Until somebody stops it. */
  async hangs(turn) {
    await turn.thinking('hm');
    await sleep(600_000, undefined, { signal: turn.signal });
  },
  /** Hears nothing, not even that it shall stop. */
  async neverReturns() {
    await new Promise<never>(() => {});
  },
  /** Holds its event loop for a while, and with it every turn of the same host. */
  async spins() {
    const until = process.hrtime.bigint() + 3_000_000_000n;
    while (process.hrtime.bigint() < until) hoard.length = 0;
  },
  /** Holds its event loop for ever. */
  async spinsForEver() {
    for (;;) hoard.length = 0;
  },
  async eatsMemory() {
    for (;;) {
      hoard.push(Buffer.alloc(CHUNK_BYTES, 1));
      await sleep(10);
    }
  },
  async floods(turn) {
    for (let event = 0; event < FLOOD_EVENTS; event += 1)
      void turn.event('flood', { event, text: FLOOD_TEXT });
    await turn.event('flood.over', {});
  },
  async exits() {
    process.exit(3);
  },
};

/** `<canary> <way>`. */
export default defineBundle({
  id: 'wild',
  name: 'Wild',
  limits: { concurrency: 100 },
  async executeCore(turn) {
    note(turn, 'begin');
    const [, way = ''] = turn.message.split(' ');
    await ways[way]?.(turn);
    note(turn, 'end');
  },
});
