import type { MeteredProcess } from '../src/cpu-meter.ts';
import { createLatencies } from '../src/latencies.ts';
import { runOpenLoop } from '../src/open-loop.ts';
import { postJson } from '../src/post-json.ts';
import { openSse } from '../src/sse-reader.ts';

/** One side of the comparison as the load sees it. */
export interface Side {
  readonly name: string;
  /** Its own, without the servers that all sides share. */
  readonly processes: readonly MeteredProcess[];
  readonly users: readonly { streamUrl: string; postUrl: string; headers: Record<string, string> }[];
  /** The body of message `id` of user `user`. */
  body(id: string, user: number): unknown;
  /** Which conversation the answer comes under: told by the answer to the POST, or chosen by the client. */
  conversationOf(id: string, answer: string): string;
}

export interface Round {
  p50: number;
  p90: number;
  p99: number;
  max: number;
  /** POST to the end of the answer. */
  wholeP50: number;
  wholeP99: number;
  sent: number;
  answered: number;
  refused: number;
  doubled: number;
  outOfOrder: number;
}

/** What was seen of one conversation. Its first delta may be here before the answer to the POST says whose it is. */
interface Seen {
  nextIndex: number;
  firstAt?: number;
  endedAt?: number;
  ends: number;
}

interface Body {
  conversation?: { conversation_id?: string };
  delta?: { index?: number; text?: string };
}

/** POST to first delta in milliseconds at a fixed rate of arrivals; counts what was lost, doubled or out of order. */
export async function measureRound(
  side: Side,
  options: { ratePerSecond: number; seconds: number; label: string },
): Promise<Round> {
  const seen = new Map<string, Seen>();
  const due = new Map<string, number>();
  let [doubled, outOfOrder, refused] = [0, 0, 0];
  const onFrame = ({ event, data }: { event: string; data: string }) => {
    if (event !== 'chat_delta' && event !== 'chat_complete') return;
    const now = performance.now();
    const body = JSON.parse(data) as Body;
    const conversation = body.conversation?.conversation_id ?? '';
    let entry = seen.get(conversation);
    if (entry === undefined) seen.set(conversation, (entry = { nextIndex: 0, ends: 0 }));
    if (event === 'chat_complete') {
      entry.ends += 1;
      entry.endedAt ??= now;
      if (entry.ends > 1) doubled += 1;
      return;
    }
    entry.firstAt ??= now;
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
      const at = index % side.users.length;
      const user = side.users[at];
      if (user === undefined) return;
      posts.push(
        postJson(user.postUrl, user.headers, side.body(id, at)).then(({ status, body }) => {
          if (status === 200) due.set(side.conversationOf(id, body), dueMs);
          else refused += 1;
        }),
      );
    },
  });
  await Promise.all(posts);
  const until = performance.now() + 10_000;
  const isOpen = () => [...due.keys()].some((conversation) => (seen.get(conversation)?.ends ?? 0) === 0);
  while (isOpen() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const close of streams) close();
  const first = createLatencies();
  const whole = createLatencies();
  for (const [conversation, dueMs] of due) {
    const { firstAt, endedAt } = seen.get(conversation) ?? {};
    if (firstAt !== undefined) first.record(firstAt - dueMs);
    if (endedAt !== undefined) whole.record(endedAt - dueMs);
  }
  const { p50, p90, p99, max } = first.percentiles();
  const { p50: wholeP50, p99: wholeP99 } = whole.percentiles();
  const answered = [...due.keys()].filter((conversation) => (seen.get(conversation)?.ends ?? 0) > 0).length;
  return {
    p50,
    p90,
    p99,
    max,
    wholeP50,
    wholeP99,
    sent,
    answered,
    refused,
    doubled,
    outOfOrder,
  };
}
