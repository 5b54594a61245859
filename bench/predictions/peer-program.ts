import type { AddressInfo } from 'node:net';
import express from 'express';

/** The peer: one express route that reads JSON and answers JSON. No schema, no isolation, no record. */
const app = express();
app.use(express.json());
app.post('/add', (req, res) => {
  const { a, b } = (req.body as { input: { a: number; b: number } }).input;
  res.json({ sum: a + b });
});
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
