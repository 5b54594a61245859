import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle } from '@switchyard/bundle-sdk';
import type { Turn } from '@switchyard/bundle-sdk';

const HOST = randomUUID();

/** A line of the journal: proc writes it to its log before it hears anything that the bundle says later. */
const note = (turn: Turn, step: 'begin' | 'emit' | 'took' | 'end', more: object = {}): void => {
  const { id, conversation } = turn;
  // One clock for all processes of the machine: lines of several hosts are put in order by it.
  const at = String(process.hrtime.bigint());
  const line = { turn: id, conversation: conversation.conversation_id, host: HOST, step, ...more };
  console.log(`journal ${JSON.stringify({ at, ...line })}`);
};

const say = async (turn: Turn, text: string): Promise<void> => {
  note(turn, 'emit', { text });
  await turn.delta(text);
};

/** `<canary> say <pieces> <pause in ms> [fold]`: so many pieces, and with `fold` what waits in the mailbox in between. */
export default defineBundle({
  id: 'steady',
  name: 'Steady',
  limits: { concurrency: 100 },
  async executeCore(turn) {
    note(turn, 'begin');
    const [canary = '', , pieces = '3', pauseMs = '20', way = ''] = turn.message.split(' ');
    for (let piece = 0; piece < Number(pieces); piece += 1) {
      await say(turn, `${canary}:${piece} `);
      if (way === 'fold') {
        for await (const { turn_id: taken, message, kind } of turn.continuations()) {
          note(turn, 'took', { taken });
          await say(turn, `[${kind} ${message}] `);
        }
      }
      await sleep(Number(pauseMs), undefined, { signal: turn.signal });
    }
    note(turn, 'end');
    return { said: Number(pieces) };
  },
});
