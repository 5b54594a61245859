import type { EventLog, LogPage } from './event-log.ts';
import { compareLogIds } from './log-id.ts';
import type { ReadGate } from './read-gate.ts';

interface Waiter {
  after: string;
  count: number;
  resolve(page: LogPage): void;
  reject(error: unknown): void;
}

/**
 * A log whose reads are bounded and shared. Readers of one session that wait for the same part of its log get it from one
 * read: it begins at the earliest of their positions and serves everybody whom its page reaches.
 *
 * Invariants: a reader gets only what was read after it asked; every read serves at least the earliest, so all are served.
 */
export function createBoundedLog(log: EventLog, gate: ReadGate): EventLog {
  const sessions = new Map<string, Waiter[]>();

  async function serve(sessionId: string, waiting: Waiter[]): Promise<void> {
    for (;;) {
      const page = await gate.run(async () => {
        // Taken when the read begins: who comes later waits for the next one.
        const present = waiting.splice(0);
        try {
          return { present, read: await readFor(log, sessionId, present) };
        } catch (error) {
          for (const waiter of present) waiter.reject(error);
          return undefined;
        }
      });
      if (page !== undefined) waiting.unshift(...page.present.filter((waiter) => !answer(waiter, page.read)));
      if (waiting.length > 0) continue;
      sessions.delete(sessionId);
      return;
    }
  }

  return {
    view: (sessionId) => gate.run(() => log.view(sessionId)),
    readOne: (sessionId, logId) => gate.run(() => log.readOne(sessionId, logId)),
    runningTurns: (sessionId) => gate.run(() => log.runningTurns(sessionId)),
    running: (sessionId) => gate.run(() => log.running(sessionId)),
    append: (entry) => log.append(entry),
    readAfter(sessionId, after, count) {
      return new Promise((resolve, reject) => {
        const waiter = { after, count, resolve, reject };
        const waiting = sessions.get(sessionId);
        if (waiting !== undefined) return void waiting.push(waiter);
        const first = [waiter];
        sessions.set(sessionId, first);
        void serve(sessionId, first);
      });
    },
  };
}

function readFor(log: EventLog, sessionId: string, present: readonly Waiter[]): Promise<LogPage> {
  const earliest = present.reduce((a, b) => (compareLogIds(b.after, a.after) < 0 ? b : a));
  return log.readAfter(sessionId, earliest.after, earliest.count);
}

/** Gives a waiter its part of a page; false when the page ends before its position. */
function answer({ after, count, resolve }: Waiter, page: LogPage): boolean {
  const owed = page.entries.filter((entry) => compareLogIds(entry.logId, after) > 0);
  if (owed.length === 0 && !page.isEnd) return false;
  const entries = owed.slice(0, count);
  resolve({ ...page, entries, isEnd: page.isEnd && entries.length === owed.length });
  return true;
}
