import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawAnswer {
  readonly text: string;
  /** Of every answer that came, in order. */
  readonly statuses: readonly number[];
  readonly errorTypes: readonly string[];
  /** False: the client gave up before the other side had closed. */
  readonly isEnded: boolean;
}

const readAnswer = (text: string, isEnded = true): RawAnswer => ({
  text,
  isEnded,
  statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /gu)].map((match) => Number(match[1])),
  errorTypes: [...text.matchAll(/"error_type":"([^"]+)"/gu)].map((match) => match[1] ?? ''),
});

/** Bytes as they are: nothing mends them on the way. Each character of a string is one byte. */
export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** How long a client waits. */
export interface SendLimits {
  /** After as long without a byte from the other side it ends its own, and reads on. */
  readonly quietMs?: number | undefined;
  /** After as long it gives up: `isEnded` is false. */
  readonly endMs?: number | undefined;
  /** After as long it is gone, with a reset. */
  readonly resetMs?: number | undefined;
}

/** Writes and reads until the other side has closed. What asks for an answer that keeps the connection must say `Connection: close`, or `quietMs`. */
export const sendRaw = (
  port: number,
  text: string | Buffer,
  { quietMs, endMs, resetMs }: SendLimits = {},
): Promise<RawAnswer> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    let isEnded = true;
    const giveUp = (): void => {
      isEnded = false;
      socket.destroy();
    };
    const limit = endMs === undefined ? undefined : setTimeout(giveUp, endMs);
    const reset =
      resetMs === undefined ? undefined : setTimeout(() => void socket.resetAndDestroy(), resetMs);
    if (quietMs !== undefined) socket.setTimeout(quietMs, () => void socket.end());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset says that it was closed, too.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(limit);
      clearTimeout(reset);
      resolve(readAnswer(Buffer.concat(chunks).toString('latin1'), isEnded));
    });
    socket.write(typeof text === 'string' ? bytesOf(text) : text);
  });

/** A client that may say more later, and never does unless it is told to. */
export interface SlowClient {
  readonly socket: Socket;
  /** What came until the other side closed. */
  readonly answer: Promise<RawAnswer>;
}

export const openSlow = async (port: number, begin: string): Promise<SlowClient> => {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const answer = new Promise<RawAnswer>((resolve) =>
    socket.once('close', () => resolve(readAnswer(Buffer.concat(chunks).toString('latin1')))),
  );
  await new Promise<void>((resolve) => socket.write(bytesOf(begin), () => resolve()));
  return { socket, answer };
};

/** A whole request from its lines. */
export const requestOf = (lines: readonly string[], body = ''): string =>
  `${lines.join('\r\n')}\r\n\r\n${body}`;
