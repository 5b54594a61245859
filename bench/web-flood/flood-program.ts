import http from 'node:http';
import { createLatencies } from '../src/latencies.ts';

/** Waves of requests, all of a wave at once, in a process of its own: whoever measures turns must not wait for what floods them. */
export interface Flood {
  readonly url: string;
  readonly atOnce: number;
  readonly everyMs: number;
  readonly waves: number;
}
export interface FloodSeen {
  readonly sent: number;
  /** 503 because the site's line was full: told, and neither lost nor run. */
  readonly refused: number;
  /** Anything else that is not the right answer. */
  readonly wrong: number;
  readonly p50: number;
  readonly p99: number;
}

function post(agent: http.Agent, url: string, call: number): Promise<'right' | 'refused' | 'wrong'> {
  const text = JSON.stringify({ a: call, b: 1 });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve) => {
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      let said = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      response.on('error', () => resolve('wrong'));
      response.on('end', () => {
        const isRight = response.statusCode === 200 && said === `{"sum":${call + 1}}`;
        const isRefused = response.statusCode === 503 && said.includes('web.busy');
        resolve(isRight ? 'right' : isRefused ? 'refused' : 'wrong');
      });
    });
    request.on('error', () => resolve('wrong'));
    request.end(text);
  });
}

async function flood({ url, atOnce, everyMs, waves }: Flood): Promise<FloodSeen> {
  // One of the flood before may have been idle for so long that the server closes it this moment.
  const agent = new http.Agent({ keepAlive: true });
  const latencies = createLatencies();
  const startedAt = performance.now();
  const counts = { right: 0, refused: 0, wrong: 0 };
  const asked: Promise<void>[] = [];
  const one = async (call: number): Promise<void> => {
    const sentAt = performance.now();
    counts[await post(agent, url, call)] += 1;
    latencies.record(performance.now() - sentAt);
  };
  for (let wave = 0; wave < waves; wave += 1) {
    const dueMs = startedAt + wave * everyMs - performance.now();
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    for (let at = 0; at < atOnce; at += 1) asked.push(one(wave * atOnce + at));
  }
  await Promise.all(asked);
  agent.destroy();
  const { p50, p99 } = latencies.percentiles();
  return { sent: asked.length, refused: counts.refused, wrong: counts.wrong, p50, p99 };
}

process.on('message', (message) => {
  if (typeof message !== 'object' || message === null || !('url' in message)) return;
  void flood(message as Flood).then((seen) => process.send?.(seen));
});
process.send?.('ready');
