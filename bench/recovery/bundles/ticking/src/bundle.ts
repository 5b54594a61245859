import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle } from '@switchyard/bundle-sdk';

/** Answers `ticks <count> <pause in ms>` with its process id and so many numbers, one after each pause. */
export default defineBundle({
  id: 'ticking',
  name: 'Ticking',
  async executeCore(turn) {
    const [, count = '1', pauseMs = '0'] = turn.message.split(' ');
    await turn.delta(`pid ${process.pid};`);
    for (let tick = 0; tick < Number(count); tick++) {
      await sleep(Number(pauseMs), undefined, { signal: turn.signal });
      await turn.delta(`${tick};`);
    }
  },
});
