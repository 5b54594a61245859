import type { Server } from 'node:http';

/** Listens on a free port of loopback, tells the parent which, and ends with it. */
export function tellPort(server: Server): void {
  server.listen(0, '127.0.0.1', 4096, () => {
    const address = server.address();
    process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
  });
  process.on('disconnect', () => process.exit(0));
}
