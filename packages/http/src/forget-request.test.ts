import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { systemClock } from '@switchyard/kernel';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Request } from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { createHttpApp } from './create-http-app.ts';
import { forgetRequest } from './forget-request.ts';
import { listen } from './listen.ts';
import { defineRoute } from './route-catalog.ts';
import { SseConnection } from './sse-connection.ts';

it('keeps no header while the stream goes on, and writes the line in the log all the same', async () => {
  const lines: string[] = [];
  let open: { req: Request; sse: SseConnection } | undefined;
  const app = createHttpApp({
    name: 'sample',
    log: createLog({ service: 'sample', level: 'info', destination: { write: (line) => lines.push(line) } }),
    metrics: createMetrics({ service: 'sample' }),
    health: { report: () => ({ ok: true }), isDraining: () => false },
    clock: systemClock,
    makeRequestId: () => 'r-made',
    bodyLimit: 1000,
    routes: [
      defineRoute({
        method: 'get',
        path: '/stream/:id',
        summary: 'A stream.',
        tag: 'things',
        guard: 'none',
        handle({ req, res }) {
          open = { req, sse: new SseConnection(res) };
          forgetRequest(req);
        },
      }),
    ],
  });
  const listening = await listen(app, { port: 0, host: '127.0.0.1' });
  onTestFinished(() => listening.close(0));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: 'Bearer abc' };
    request({ port: listening.port, path: '/stream/a?x=1', headers }, resolve).on('error', reject).end();
  });
  expect([open?.req.headers, open?.req.rawHeaders]).toEqual([{}, []]);
  open?.sse.write({ data: 'still here' });
  open?.sse.close();
  answer.resume();
  await once(answer, 'end');
  await expect.poll(() => lines.length).toBe(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    request_id: 'r-made',
    method: 'GET',
    path: '/stream/a',
    status: 200,
  });
});
