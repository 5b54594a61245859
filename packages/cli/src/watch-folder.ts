import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readIgnoreRules } from './bundle-folder.ts';

/** An editor writes a file in several steps: this long after the last of them the folder is read. */
const DEBOUNCE_MS = 40;

/**
 * Yields after each group of changes to what belongs to the bundle, with the time of the first of them, and ends when `signal` aborts. Watching begins with the call, so
 * nothing that is changed between it and the first `next` is missed; what changes during the loop's body is one more turn of it.
 */
export function watchFolder(folder: string, signal: AbortSignal, now: () => number): AsyncIterable<number> {
  let isChanged = false;
  let isSettling = false;
  let since = 0;
  let wake = (): void => {};
  let failure: Error | undefined;
  const rules = readIgnoreRules(folder);
  const watcher = watch(folder, { recursive: true, signal }, (_event, name) => {
    const at = now();
    void rules.then((isPart) => {
      const relative = name?.replaceAll('\\', '/') ?? '';
      if (!isPart(relative)) return;
      if (!isChanged && !isSettling) since = at;
      isChanged = true;
      wake();
    });
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  watcher.on('error', (error) => {
    failure = error;
    wake();
  });
  const change = async (): Promise<void> => {
    if (isChanged || failure !== undefined || signal.aborted) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  };
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        await change();
        if (signal.aborted) return;
        if (failure !== undefined) throw failure;
        isSettling = true;
        do {
          isChanged = false;
          await sleep(DEBOUNCE_MS);
        } while (isChanged);
        isSettling = false;
        yield since;
      }
    },
  };
}
