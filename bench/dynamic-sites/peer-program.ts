import type { AddressInfo } from 'node:net';
import express from 'express';

/** The peer: one express route that reads JSON and answers JSON, in its own process with nothing before it. */
const app = express();
app.use(express.json());
app.post('/api', (req, res) => {
  const { a, b } = req.body as { a: number; b: number };
  res.json({ sum: a + b });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
