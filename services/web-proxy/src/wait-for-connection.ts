import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { Stream } from 'node:stream';
import type { Readable } from 'node:stream';

/**
 * A body that is not read before there is a connection to carry it. So a refused connection has taken nothing of it, and another address can
 * have it whole. http-proxy knows of a body only that it can be piped.
 */
export class WaitingBody extends Stream {
  readonly #source: Readable;

  constructor(source: Readable) {
    super();
    this.#source = source;
  }

  override pipe<T extends NodeJS.WritableStream>(upstream: T): T {
    const start = (): void => {
      this.#source.pipe(upstream);
    };
    (upstream as unknown as ClientRequest).once('socket', (socket: Socket) => {
      if (socket.connecting) socket.once('connect', start);
      else start();
    });
    return upstream;
  }
}
