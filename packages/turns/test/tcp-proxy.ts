import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A wire between a driver and its server that can go dead without a sound, as a pulled cable does. */
export interface TcpProxy {
  readonly url: string;
  /** What is open now carries nothing any more, in both directions, and is not closed. */
  freeze(): void;
  /** The same for everything that is opened from now on, until `false`. */
  freezeNew(isFrozen: boolean): void;
  /** What is open is reset, and so is everything that is opened until `false`: the server is away. */
  cut(isCut: boolean): void;
  count(): number;
  close(): Promise<void>;
}

export async function startTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const pairs = new Set<[Socket, Socket]>();
  let isNewFrozen = false;
  let isCut = false;
  let opened = 0;
  const server = createServer((near) => {
    opened += 1;
    if (isCut) return void near.on('error', () => undefined).resetAndDestroy();
    const far = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    if (isNewFrozen) return;
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxied = new URL(targetUrl);
  proxied.hostname = '127.0.0.1';
  proxied.port = String((server.address() as AddressInfo).port);
  return {
    url: proxied.href,
    freeze: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
    },
    cut: (next) => {
      isCut = next;
      if (!isCut) return;
      for (const [near, far] of pairs) {
        near.resetAndDestroy();
        far.destroy();
      }
    },
    freezeNew: (isFrozen) => void (isNewFrozen = isFrozen),
    count: () => opened,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      await closed;
    },
  };
}
