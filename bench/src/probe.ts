/**
 * Loaded before a program whose costs are measured (`--import`), ours and the peers' alike: answers `probe` on the IPC channel with
 * what the process has used so far. With `--expose-gc` the memory is what is left after two collections.
 */
process.on('message', (message) => {
  if (message !== 'probe') return;
  const { user, system } = process.cpuUsage();
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ usage: { cpuMs: (user + system) / 1000, rssBytes: rss, heapBytes: heapUsed } });
});

const OUTLIVES_PARENT_MS = 25_000;
// Programs end by themselves when their parent is gone; one that was not that far yet, or hangs in its end, is ended here.
process.on('disconnect', () => setTimeout(() => process.exit(1), OUTLIVES_PARENT_MS).unref());
