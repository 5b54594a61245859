import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { Clock } from '@switchyard/kernel';

interface Timing {
  readonly startedAt: number;
  readonly clock: Clock;
  readonly parts: string[];
}

/**
 * Says in every answer how long it took to begin: `Server-Timing: ingress;dur=3.2` (11), with what handlers added by `timePart`. The
 * header is written in the moment in which the headers go out, so that a stream has it too. `part`: what this service calls itself.
 */
export function sayServerTiming(part: string, clock: Clock): RequestHandler {
  return (_req: Request, res: Response, next: NextFunction) => {
    const timing: Timing = { startedAt: clock.monotonic(), clock, parts: [] };
    res.locals['timing'] = timing;
    // Node calls it on every way in which headers go out; there is no event for it.
    const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
    const timed = (...args: unknown[]): Response => {
      if (!res.headersSent)
        res.setHeader('Server-Timing', [entryOf(part, elapsedMs(res)), ...timing.parts].join(', '));
      return writeHead(...args);
    };
    res.writeHead = timed as typeof res.writeHead;
    next();
  };
}

/** Milliseconds since the request came in; 0 where nobody says so. */
export function elapsedMs(res: Response): number {
  const timing = timingOf(res);
  return timing === undefined ? 0 : timing.clock.monotonic() - timing.startedAt;
}

/** Adds a part to the header, if it has not gone out. `name`: letters, digits, `-` and `_`. */
export function timePart(res: Response, name: string, ms: number): void {
  timingOf(res)?.parts.push(entryOf(name, ms));
}

function timingOf(res: Response): Timing | undefined {
  return res.locals['timing'] as Timing | undefined;
}

function entryOf(name: string, ms: number): string {
  return `${name};dur=${Math.max(0, ms).toFixed(1)}`;
}
