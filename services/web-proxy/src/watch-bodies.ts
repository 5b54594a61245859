import type { IncomingMessage } from 'node:http';
import type { Clock } from '@switchyard/kernel';
import { OpenPlaces } from './open-places.ts';

export interface BodyWatch {
  /** Calls back once when nothing more came of a body for too long although there was room for it. */
  watch(request: IncomingMessage, onStalled: () => void): void;
  close(): void;
}

interface Watched {
  readonly request: IncomingMessage;
  readonly onStalled: () => void;
  bytesRead: number;
  movedAt: number;
}

const SWEEPS_A_LIMIT = 4;
const SWEEP_MS_AT_MOST = 5000;

/**
 * Notices clients that begin a body and do not go on. One sweep looks at all of them, so that a byte that passes costs nothing; a body is
 * ended at most a quarter of the limit late.
 */
export const createBodyWatch = ({ idleMs, clock }: { idleMs: number; clock: Clock }): BodyWatch => {
  const open = new OpenPlaces<Watched>();
  const look = (watched: Watched, place: number): void => {
    const { request } = watched;
    if (request.complete || request.destroyed) return open.delete(place, watched);
    const { bytesRead } = request.socket;
    // What waits here is not the client's to send: the service behind us is slow in taking it.
    if (bytesRead !== watched.bytesRead || request.readableLength > 0) {
      watched.bytesRead = bytesRead;
      watched.movedAt = clock.monotonic();
    } else if (clock.monotonic() - watched.movedAt >= idleMs) {
      open.delete(place, watched);
      watched.onStalled();
    }
  };
  const sweep = setInterval(() => open.forEach(look), Math.min(idleMs / SWEEPS_A_LIMIT, SWEEP_MS_AT_MOST));
  sweep.unref();
  return {
    watch: (request, onStalled) => {
      const { bytesRead } = request.socket;
      const watched: Watched = { request, onStalled, bytesRead, movedAt: clock.monotonic() };
      const place = open.add(watched);
      request.once('close', () => open.delete(place, watched));
    },
    close: () => clearInterval(sweep),
  };
};
