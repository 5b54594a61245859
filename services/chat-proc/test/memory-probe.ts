import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

/**
 * Loaded before a worker's program (`--import`, with `--expose-gc`): answers `probe` on the IPC channel with what is left in the process
 * after collections, and with what keeps its event loop alive.
 */
export interface Probed {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly externalBytes: number;
  /** Timers, sockets, pipes, watchers, children: by kind. */
  readonly handles: Readonly<Record<string, number>>;
}

const COLLECTIONS = 4;

async function probe(): Promise<Probed> {
  // What finalizers and settled promises let go is collected by the next one.
  for (let round = 0; round < COLLECTIONS; round += 1) {
    globalThis.gc?.();
    await turnOfTheLoop();
  }
  const { heapUsed, rss, external, arrayBuffers } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { heapBytes: heapUsed, rssBytes: rss, externalBytes: external + arrayBuffers, handles };
}

process.on('message', (message) => {
  if (message === 'probe') void probe().then((probed) => process.send?.({ probed }));
});
// The channel is for questions only: it must not keep a worker alive that was told to stop.
process.channel?.unref();
