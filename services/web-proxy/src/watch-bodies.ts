import type { IncomingMessage } from 'node:http';
import type { Clock } from '@switchyard/kernel';

export interface BodyWatch {
  /** Calls back once when nothing more came of a body for too long although there was room for it. */
  watch(request: IncomingMessage, onStalled: () => void): void;
  close(): void;
}

interface Watched {
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
  const open = new Map<IncomingMessage, Watched>();
  const look = (request: IncomingMessage, watched: Watched): void => {
    const { bytesRead } = request.socket;
    // What waits here is not the client's to send: the service behind us is slow in taking it.
    if (bytesRead !== watched.bytesRead || request.readableLength > 0) {
      watched.bytesRead = bytesRead;
      watched.movedAt = clock.monotonic();
    } else if (clock.monotonic() - watched.movedAt >= idleMs) {
      open.delete(request);
      watched.onStalled();
    }
  };
  const sweep = setInterval(
    () => {
      for (const [request, watched] of open) {
        if (request.complete || request.destroyed) open.delete(request);
        else look(request, watched);
      }
    },
    Math.min(idleMs / SWEEPS_A_LIMIT, SWEEP_MS_AT_MOST),
  );
  sweep.unref();
  return {
    watch: (request, onStalled) => {
      open.set(request, { onStalled, bytesRead: request.socket.bytesRead, movedAt: clock.monotonic() });
      request.once('close', () => open.delete(request));
    },
    close: () => clearInterval(sweep),
  };
};
