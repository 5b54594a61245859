import { createLatencies } from '../src/latencies.ts';
import type { Percentiles } from '../src/latencies.ts';
import { openSse } from '../src/sse-reader.ts';

/** From the writing of a frame in the service to its reading by a client, in milliseconds, over so many streams for so long. */
export async function measureStreamDelay(
  url: string,
  headers: Record<string, string>,
  { streams, seconds }: { streams: number; seconds: number },
): Promise<Percentiles> {
  const latencies = createLatencies();
  const closers = await Promise.all(
    Array.from({ length: streams }, () =>
      openSse(`${url}/sse/stream`, headers, ({ data }) => {
        latencies.record(Number(process.hrtime.bigint() - BigInt(data)) / 1e6);
      }),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const close of closers) close();
  return latencies.percentiles();
}
