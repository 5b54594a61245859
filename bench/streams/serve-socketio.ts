/** socket.io's serving side: a socket joins the room that it names. */
import http from 'node:http';
import { Server } from 'socket.io';
import { tellPort } from './tell-port.ts';
import { useAdapter } from './socketio-adapter.ts';

const server = http.createServer();
const io = new Server(server);
useAdapter(io);
io.on('connection', (socket) => {
  const room = socket.handshake.query['room'];
  void Promise.resolve(socket.join(typeof room === 'string' ? room : '')).then(() => socket.emit('ready'));
});
tellPort(server);
