/**
 * Resolves with the first of these or when the signal aborts; rejects with the first that rejects. A race against one promise that lives
 * as long as the worker would keep something of every round for as long: some 250 bytes, two or three times a turn.
 */
export async function untilStopped(signal: AbortSignal, others: readonly Promise<unknown>[]): Promise<void> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([...others, stopped]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
