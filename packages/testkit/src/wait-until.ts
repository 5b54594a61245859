import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;
const LIMIT_MS = 30_000;

/** Asks until the answer is yes; a question that cannot be answered yet counts as no. Rejects after half a minute, saying what for. */
export const waitUntil = async (what: string, ask: () => Promise<boolean>): Promise<void> => {
  const endsAt = performance.now() + LIMIT_MS;
  let last: unknown;
  while (performance.now() < endsAt) {
    const answer = await ask().catch((error: unknown) => {
      last = error;
      return false;
    });
    if (answer) return;
    await sleep(POLL_MS);
  }
  throw new Error(`gave up waiting: ${what}`, { cause: last });
};
