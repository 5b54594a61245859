import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlatformError, toErrorBody } from '@switchyard/kernel';

/** What a client has to read its refusal and to close. */
const CLOSE_MS = 1000;

/**
 * 404 for each upgrade that is not below one of `paths`, and its end; of all of them, who goes in the middle is nobody's error. Node hands
 * an upgraded socket over without a listener for its errors, and one that nobody listens to ends the process. To be called before
 * whatever else takes upgrades of this server.
 */
export function refuseOtherUpgrades(http: Server, paths: readonly string[]): void {
  http.on('upgrade', ({ url = '' }, socket: Duplex) => {
    socket.on('error', () => void socket.destroy());
    if (!paths.some((path) => url.startsWith(`${path}/`))) refuse(socket);
  });
}

function refuse(socket: Duplex): void {
  const { status, body } = toErrorBody(PlatformError.of('NOT_FOUND'));
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} Not Found`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ];
  const limit = setTimeout(() => void socket.destroy(), CLOSE_MS);
  socket.once('close', () => clearTimeout(limit));
  // What was sent and is not read would make the close a reset, which takes the answer with it.
  socket.resume();
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
