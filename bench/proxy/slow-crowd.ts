import net from 'node:net';

/** Connections that have begun a request and do not go on. */
export interface Crowd {
  /** Those that the other side has not ended. */
  readonly open: () => number;
  leave(): void;
}

/** Of one kind as many as of the other: half a head, and a body that was announced. */
const BEGINS = [
  'GET /profile HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
  'POST /sse/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf',
];
/** More at once would wait in the queue of connections that were not accepted yet, and be dropped there. */
const AT_ONCE = 100;

const openOne = (port: number, index: number): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      socket.write(BEGINS[index % BEGINS.length] ?? '', () => resolve(socket));
    });
    socket.once('error', reject);
  });

/** Resolves when all have said what they say. */
export async function openSlowCrowd(port: number, count: number): Promise<Crowd> {
  const sockets: net.Socket[] = [];
  let open = 0;
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => openOne(port, from + at));
    for (const socket of await Promise.all(some)) {
      open += 1;
      socket.once('close', () => (open -= 1));
      socket.resume();
      sockets.push(socket);
    }
  }
  return {
    open: () => open,
    leave: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
