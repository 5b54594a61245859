import { build } from 'hdr-histogram-js';
import { runOpenLoop } from '../src/open-loop.ts';
import { postJson } from '../src/post-json.ts';
import { openSse } from '../src/sse-reader.ts';

/** One side of the comparison as the load sees it. */
export interface Side {
  readonly name: string;
  readonly users: readonly { streamUrl: string; postUrl: string; headers: Record<string, string> }[];
  /** The body that makes this side answer under `id` for user `user`. */
  body(id: string, user: number): unknown;
}

export interface Round {
  p50: number;
  p90: number;
  p99: number;
  max: number;
  sent: number;
  answered: number;
  refused: number;
  doubled: number;
  outOfOrder: number;
}

interface Pending {
  dueMs: number;
  nextIndex: number;
  firstMs?: number;
  ends: number;
}

interface Body {
  conversation?: { conversation_id?: string };
  delta?: { index?: number; text?: string };
}

/** POST to first delta in milliseconds at a fixed rate of arrivals; counts what was lost, doubled or out of order. */
export async function measureRound(side: Side, options: { ratePerSecond: number; seconds: number; label: string }): Promise<Round> {
  const pending = new Map<string, Pending>();
  let [doubled, outOfOrder, refused] = [0, 0, 0];
  const onFrame = ({ event, data }: { event: string; data: string }) => {
    if (event !== 'chat_delta' && event !== 'chat_complete') return;
    const now = performance.now();
    const body = JSON.parse(data) as Body;
    const entry = pending.get(body.conversation?.conversation_id ?? '');
    if (entry === undefined) return;
    if (event === 'chat_complete') {
      entry.ends += 1;
      if (entry.ends > 1) doubled += 1;
      return;
    }
    entry.firstMs ??= now - entry.dueMs;
    const index = body.delta?.index ?? -1;
    if (index < entry.nextIndex) outOfOrder += 1;
    entry.nextIndex = index + 1;
  };
  const streams = await Promise.all(side.users.map((user) => openSse(user.streamUrl, user.headers, onFrame)));
  const posts: Promise<void>[] = [];
  const sent = await runOpenLoop({
    ...options,
    fire(index, dueMs) {
      const id = `${options.label}-${index}`;
      pending.set(id, { dueMs, nextIndex: 0, ends: 0 });
      const at = index % side.users.length;
      const user = side.users[at];
      if (user === undefined) return;
      posts.push(
        postJson(user.postUrl, user.headers, side.body(id, at)).then(({ status }) => {
          if (status !== 200) refused += 1;
        }),
      );
    },
  });
  await Promise.all(posts);
  const until = performance.now() + 10_000;
  const isOpen = () => [...pending.values()].some((entry) => entry.ends === 0);
  while (isOpen() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const close of streams) close();
  const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  for (const { firstMs } of pending.values()) if (firstMs !== undefined) histogram.recordValue(Math.round(firstMs * 1000));
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  const answered = [...pending.values()].filter((entry) => entry.ends > 0).length;
  return { p50: at(50), p90: at(90), p99: at(99), max: histogram.maxValue / 1000, sent, answered, refused, doubled, outOfOrder };
}
