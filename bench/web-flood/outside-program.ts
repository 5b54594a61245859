import type { AddressInfo } from 'node:net';
import express from 'express';

/**
 * The flood's other end, which has nothing to do with turns: one express route that takes as much of a processor for a request as worker
 * and host together do. It is told how much.
 */
let workMs = 0;
process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('workMs' in message)) return;
  workMs = Number(message.workMs);
  process.send?.('told');
});
const app = express();
app.use(express.json());
app.post('/api', (req, res) => {
  const until = performance.now() + workMs;
  while (performance.now() < until);
  const { a, b } = req.body as { a: number; b: number };
  res.json({ sum: a + b });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
