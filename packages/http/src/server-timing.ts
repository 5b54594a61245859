import type { Express, Response } from 'express';
import type { Clock } from '@switchyard/kernel';
import type { RequestStep } from './request-context.ts';

interface Timing {
  readonly startedAt: number;
  readonly clock: Clock;
  readonly parts: string[];
}

/**
 * Says in every answer how long it took to begin: `Server-Timing: ingress;dur=3.2` (11), with what handlers added by `timePart`. The
 * header is written in the moment in which the headers go out, so that a stream has it too. `part`: what this service calls itself.
 */
export function sayServerTiming(app: Express, part: string, clock: Clock): RequestStep {
  // Node calls it on every way in which headers go out; there is no event for it. Once for all answers of the app, since a function of
  // its own for each would cost each.
  const { writeHead } = app.response;
  const timed = function (this: Response, ...args: unknown[]): Response {
    const timing = timingOf(this);
    if (timing !== undefined && !this.headersSent)
      this.setHeader('Server-Timing', [entryOf(part, elapsedMs(this)), ...timing.parts].join(', '));
    return Reflect.apply(writeHead, this, args) as Response;
  };
  app.response.writeHead = timed as typeof writeHead;
  return (_req, res) => {
    res.locals['timing'] = { startedAt: clock.monotonic(), clock, parts: [] } satisfies Timing;
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
  // What is answered ahead of the app has none: its answers are the app's by birth (`createAppMessages`), and no more.
  const locals = res.locals as Response['locals'] | undefined;
  return locals?.['timing'] as Timing | undefined;
}

function entryOf(name: string, ms: number): string {
  return `${name};dur=${Math.max(0, ms).toFixed(1)}`;
}
