import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { cleanRequestHeaders } from './clean-headers.ts';
import { hasBody } from './limit-body.ts';
import { takeClaim, takePlace, unmaskClaim, upstreamsOf, wayOf } from './prepare-request.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { pathOf } from './route-table.ts';
import { writeRefusal } from './write-refusal.ts';

const passUpgrade = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { parts, requestId }: { parts: ProxyParts; requestId: string },
): Promise<void> => {
  parts.heads.check(request);
  // What comes after the head are the frames of the socket: to a reader that takes them for a body they are something else.
  if (hasBody(request)) throw PlatformError.of('INVALID_REQUEST', 'A WebSocket begins without a body.');
  const way = wayOf(request, parts, 'platform');
  // Sites have no WebSockets.
  if (way.site !== undefined) throw PlatformError.of('NOT_FOUND');
  const upstreams = upstreamsOf(way, parts);
  const client = parts.clients.read(request);
  const release = takePlace(client, parts);
  if (release !== undefined) socket.once('close', release);
  const claim = takeClaim(request, parts, { isUpgrade: true, client });
  const token = claim === undefined ? undefined : await unmaskClaim(claim, parts, way);
  if (socket.destroyed) return;
  const hop = { requestId, isUpgrade: true, isTls: client.isTls, remoteAddress: client.address };
  cleanRequestHeaders(request.headers, hop);
  // After the cleaning: what `Connection` names is the client's own, and this is not.
  if (token !== undefined) request.headers.authorization = `Bearer ${token}`;
  parts.forwarder.upgrade(request, socket, head, { upstreams, path: way.target });
};

/** Forwards a WebSocket. There is no response object yet, so a refusal is written by hand. Resolves when it is on its way or refused. */
export const proxyUpgrade = async (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: ProxyParts,
  log: Log,
): Promise<void> => {
  socket.on('error', () => socket.destroy());
  const requestId = parts.makeRequestId();
  const fields = { request_id: requestId, path: pathOf(request.url ?? '') };
  socket.once('close', () => log.info('websocket ended', fields));
  try {
    await passUpgrade(request, socket, head, { parts, requestId });
  } catch (error) {
    socket.end(
      writeRefusal(error instanceof PlatformError ? error : PlatformError.of('UNAVAILABLE'), requestId),
    );
  }
};
