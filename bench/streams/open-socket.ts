import { io } from 'socket.io-client';
import type { OnMessage, TokenMessage } from './token-message.ts';

/** A socket.io client as a page would be one, by WebSocket at once; resolves when the server has put it into its room. */
export function openSocket(port: number, room: string, onMessage: OnMessage): Promise<() => void> {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    timeout: 60_000,
    query: { room },
  });
  socket.on('chat_delta', (body: TokenMessage) => onMessage('chat_delta', body));
  return new Promise((resolve, reject) => {
    socket.once('ready', () => resolve(() => void socket.disconnect()));
    socket.once('connect_error', reject);
  });
}
