import { PlatformError, sleep } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export type SendMail = (mail: Mail) => Promise<void>;

/** Sends mails behind the request: how long an answer takes must not tell whether a mail goes out. */
export interface MailDesk {
  /** Throws UNAVAILABLE when too many wait; to be asked before it is decided whether there is one to send. */
  requireRoom(): void;
  /** What makes the mail runs behind the request as well. */
  post(make: () => Promise<Mail>): void;
  /** Waits until everything is sent or given up, at most so long. */
  close(waitMs: number): Promise<void>;
}

/** Pauses before the second and the third attempt. */
const PAUSES_MS = [2000, 10_000];

export function createMailDesk(parts: {
  send: SendMail;
  atOnce: number;
  queue: number;
  clock: Pick<Clock, 'monotonic'>;
  log: Log;
}): MailDesk {
  const { send, atOnce, queue, clock, log } = parts;
  const waiting: (() => Promise<Mail>)[] = [];
  const running = new Set<Promise<void>>();
  const closing = new AbortController();

  async function deliver(make: () => Promise<Mail>): Promise<void> {
    let mail: Mail | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        mail ??= await make();
        return await send(mail);
      } catch (error) {
        const pauseMs = PAUSES_MS[attempt];
        // Never to whom, and never the link.
        log.warn('a mail was not sent', { attempt: attempt + 1, is_given_up: pauseMs === undefined, error });
        if (pauseMs === undefined) return;
        await sleep(pauseMs, closing.signal).catch(() => undefined);
      }
    }
  }

  function next(): void {
    while (running.size < atOnce) {
      const make = waiting.shift();
      if (make === undefined) return;
      const delivery: Promise<void> = deliver(make).finally(() => {
        running.delete(delivery);
        next();
      });
      running.add(delivery);
    }
  }

  return {
    requireRoom() {
      if (waiting.length >= queue) throw PlatformError.of('UNAVAILABLE', 'Too many mails wait to be sent.');
    },
    post(make) {
      waiting.push(make);
      next();
    },
    async close(waitMs) {
      closing.abort();
      const until = clock.monotonic() + waitMs;
      while (running.size > 0 && clock.monotonic() < until)
        await Promise.race([...running, sleep(Math.max(1, until - clock.monotonic()))]);
    },
  };
}
