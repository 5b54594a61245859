import { request } from 'node:http';
import { DRIFTERS, INGRESSES } from '../members.ts';
import type { Arena } from '../arena.ts';
import type { Fault } from './fault.ts';

const HOUR_SECONDS = 3600;
const BODY_BYTES = 50 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');
const REFUSED = new Set([401, 413, 429, 503]);

/** The clock of one service jumps while it runs, up to two hours either way, and back. */
export const jumpClock: Fault = {
  name: 'clock-jumped',
  targets: DRIFTERS,
  holds: (target) => [`clock of ${target}`],
  lastsMs: [2000, 10_000],
  missing: ({ setClock }: Arena) =>
    setClock === undefined ? 'libfaketime is not installed (apt-get install libfaketime)' : undefined,
  begin: async ({ arena, target, random, note }) => {
    const offset = random.between(10, 2 * HOUR_SECONDS) * (random.isLikely(0.5) ? 1 : -1);
    note(`${target} is ${offset} s off`);
    await arena.setClock?.(target, offset);
    return async () => arena.setClock?.(target, 0);
  },
};

/** Sends until somebody says no or all is sent; answers the status, or what broke. */
const postHuge = (port: number): Promise<string> =>
  new Promise((resolve) => {
    let left = BODY_BYTES;
    const headers = { 'content-type': 'application/json', 'content-length': BODY_BYTES };
    const sent = request(
      { port, host: '127.0.0.1', path: '/sse/chat?stream_id=huge', method: 'POST', headers },
      (answer) => {
        answer.resume();
        resolve(String(answer.statusCode));
        left = 0;
      },
    );
    sent.setTimeout(10_000, () => sent.destroy(new Error('no answer')));
    sent.on('error', (error) => resolve(error.message));
    const write = (): void => {
      while (left > 0) {
        left -= PIECE.length;
        if (!sent.write(left < 0 ? PIECE.subarray(0, PIECE.length + left) : PIECE)) {
          sent.once('drain', write);
          return;
        }
      }
      sent.end();
    };
    write();
  });

/** Somebody sends twice what a message may hold: it is refused, and nobody else notices. */
export const sendHugeBody: Fault = {
  name: 'huge-body',
  targets: INGRESSES,
  holds: (target) => [`body to ${target}`],
  lastsMs: [100, 500],
  begin: async ({ arena, target, note }) => {
    const answer = await postHuge(arena.fleet.member(target).port);
    note(`50 MB to ${target}: ${answer}`);
    if (/^\d+$/.test(answer) && !REFUSED.has(Number(answer)))
      throw new Error(`50 MB were answered with ${answer}`);
    return () => Promise.resolve();
  },
};
