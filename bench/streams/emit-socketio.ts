/** socket.io's emitting side: a server without clients of its own, which reaches the others by the adapter. */
import { Server } from 'socket.io';
import { runEmitLoop, serveEmitOrders } from './emit-loop.ts';
import { useAdapter } from './socketio-adapter.ts';
import { tokenBody } from './token.ts';

const io = new Server();
useAdapter(io);
serveEmitOrders((order) =>
  runEmitLoop(order, (room, index, dueMs) => {
    io.to(room).emit('chat_delta', tokenBody(room, index, dueMs));
  }),
);
