import type { AddressInfo } from 'node:net';
import express from 'express';

/** The peer: one express route that reads JSON and answers JSON. No credentials, no limits, no isolation, no log. */
const app = express();
app.use(express.json());
app.post('/add', (req, res) => {
  const { a, b } = req.body as { a: number; b: number };
  res.json({ status: 'ok', add: { sum: a + b } });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
