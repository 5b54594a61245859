import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { platformTest } from '@switchyard/testkit';
import { openIngress } from '../../test/ingress-fixture.ts';
import type { IngressBench } from '../../test/ingress-fixture.ts';
import { answerOf, readEvents } from '../../test/read-events.ts';

const QUESTIONS = 12;
/** Events of 20,000 letters; one turn has so many of them, and its end once more all of their text. */
const WORDS = 40;
const TURN_BYTES = WORDS * 20_000;

/** A client that takes one byte a second off its socket, and nothing else. */
function openSlowReader(ingress: IngressBench, token: string): Socket {
  const socket = connect(ingress.running.port, '127.0.0.1');
  socket.write(
    `GET /sse/stream?stream_id=slow&follow=session HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`,
  );
  const timer = setInterval(() => socket.read(1), 1000);
  socket.on('error', () => undefined);
  onTestFinished(() => {
    clearInterval(timer);
    socket.destroy();
  });
  return socket;
}

platformTest(
  'a reader of one byte a second costs nobody else anything, and no more memory than its buffer',
  { timeout: 60_000 },
  async ({ redis, postgres }) => {
    const ingress = await openIngress({ redis, postgres, env: { STREAM_DRAIN_LIMIT: '3s' } });
    onTestFinished(() => ingress.stop());
    await ingress.work();
    const { open } = ingress.running;
    const token = await ingress.tokenFor('ann');
    openSlowReader(ingress, token);
    const ended = (seen: readonly { event: string }[]) =>
      seen.filter(({ event }) => event === 'chat_complete').length === QUESTIONS;
    const quick = await Promise.all(
      ['a', 'b', 'c'].map((id) =>
        ingress.call('GET', `/sse/stream?stream_id=${id}&follow=session`, { token }),
      ),
    );
    await expect.poll(() => open.streams()).toBe(4);
    let mostHeld = 0;
    const readings = quick.map((answer) =>
      readEvents(answer, (seen) => {
        mostHeld = Math.max(mostHeld, open.heldBytes());
        return ended(seen);
      }),
    );
    for (let at = 0; at < QUESTIONS; at += 1) {
      const answer = await ingress.call('POST', '/api/chat/messages', {
        token,
        json: { message: `long ${WORDS}`, conversation_id: `c-${at}` },
        headers: { accept: 'text/event-stream' },
      });
      // One after the other: every reader that reads has read it, the slow one has not.
      await readEvents(answer);
    }
    for (const seen of await Promise.all(readings)) {
      expect(answerOf(seen)).toHaveLength(QUESTIONS * TURN_BYTES);
      expect(seen.filter(({ event }) => event === 'lagged')).toEqual([]);
    }
    // It was held up far beyond what sockets take, and let go: what waited for it is gone.
    expect(mostHeld).toBeGreaterThan(0.5 * ingress.config.streamBuffer);
    expect(mostHeld).toBeLessThanOrEqual(2 * ingress.config.streamBuffer);
    await expect.poll(() => [open.streams(), open.heldBytes()], { timeout: 40_000 }).toEqual([0, 0]);
  },
);
