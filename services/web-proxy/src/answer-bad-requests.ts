import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refusalOf, writeRefusal } from './write-refusal.ts';

/** A refusal that is followed by a reset may be lost: so long the client may take to read it and close. */
const LINGER_MS = 500;

/** Whether the unreadable bytes come after a request that is still being answered, or into the middle of its answer. */
const isOthersAnswer = (response: ServerResponse | undefined): boolean =>
  response !== undefined && !response.writableFinished && (response.headersSent || response.req.complete);

/**
 * Answers what could not be read as a request, or did not come in time, in the shape of every error, and closes. `onRefused` hears the status.
 */
export const answerBadRequests = (server: Server, onRefused: (status: number) => void): void => {
  const answers = new WeakMap<Duplex, ServerResponse>();
  const refused = new WeakSet<Duplex>();
  server.on('request', (request, response: ServerResponse) => answers.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The parser complains again about whatever comes while the refusal is on its way.
    if (refused.has(socket)) return;
    refused.add(socket);
    const answer = answers.get(socket);
    // Bytes after the last request of a connection are nobody's, and no reason to take its answer away.
    if (error.code === 'HPE_CLOSED_CONNECTION' && answer?.writableFinished === false) return;
    const refusal = refusalOf(error.code);
    if (refusal === undefined || !socket.writable || isOthersAnswer(answer)) {
      socket.destroy();
      return;
    }
    onRefused(refusal.status);
    socket.on('error', () => socket.destroy());
    socket.end(writeRefusal(refusal));
    const hard = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(hard));
  });
};
