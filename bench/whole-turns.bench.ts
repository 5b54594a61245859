/**
 * Figure 4: whole turns of ten deltas, 32 in flight, from POST to the end seen on the stream, against the BullMQ chain of figure 1
 * (bare, and with the same two durable rows). Closed loop: a new message goes out when one has ended. The processor time of a turn, by
 * process, is measured beside the rate: on a machine that is busy with other work it is the figure that stays. So are the scripts, the
 * commands and the commits of a turn.
 */
import pg from 'pg';
import type { Side } from './first-delta/measure.ts';
import { startOurs } from './first-delta/ours.ts';
import { startPeer } from './first-delta/peer.ts';
import { DELTAS } from './first-delta/words.ts';
import { startCpuMeter } from './src/cpu-meter.ts';
import { startStoreCounts } from './src/store-counts.ts';
import { postJson } from './src/post-json.ts';
import { writeResult } from './src/result.ts';
import { runRounds } from './src/rounds.ts';
import { openSse } from './src/sse-reader.ts';

const inFlight = 32;
const users = 16;
const roundCount = Number(process.env['ROUNDS'] ?? 5);
const seconds = Number(process.env['SECONDS'] ?? 10);
const answer = DELTAS.join('');
const PEERS = ['bullmq chain', 'bullmq chain with rows'];
let wrong = 0;

interface Open {
  text: string;
  ends: number;
}
interface Body {
  conversation?: { conversation_id?: string };
  delta?: { text?: string };
}

async function measure(side: Side, label: string): Promise<Record<string, number>> {
  const open = new Map<string, Open>();
  const ended = new Map<string, () => void>();
  const of = (id: string): Open => {
    const known = open.get(id) ?? { text: '', ends: 0 };
    open.set(id, known);
    return known;
  };
  const onFrame = ({ event, data }: { event: string; data: string }) => {
    if (event !== 'chat_delta' && event !== 'chat_complete') return;
    const body = JSON.parse(data) as Body;
    const id = body.conversation?.conversation_id ?? '';
    const turn = of(id);
    if (event === 'chat_delta') {
      turn.text += body.delta?.text ?? '';
      return;
    }
    turn.ends += 1;
    if (turn.ends > 1 || turn.text !== answer) {
      wrong += 1;
      if (wrong < 4) console.log(`wrong: ${side.name} ${id} ${turn.ends} ${JSON.stringify(turn.text)}`);
    }
    ended.get(id)?.();
  };
  const streams = await Promise.all(side.users.map((user) => openSse(user.streamUrl, user.headers, onFrame)));
  const cpu = startCpuMeter([...side.processes, ...ours.servers]);
  const counts = await startStoreCounts(ours);
  const until = performance.now() + seconds * 1000;
  let [sent, done] = [0, 0];
  const slot = async () => {
    while (performance.now() < until) {
      const id = `${label}-${sent}`;
      const at = sent % side.users.length;
      const user = side.users[at];
      sent += 1;
      if (user === undefined) return;
      const { status, body } = await postJson(user.postUrl, user.headers, side.body(id, at));
      if (status !== 200) throw new Error(`refused with ${status}: ${body}`);
      const conversation = side.conversationOf(id, body);
      const isOver = new Promise<void>((resolve) => void ended.set(conversation, resolve));
      if (of(conversation).ends === 0) await isOver;
      ended.delete(conversation);
      if (performance.now() < until) done += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, slot));
  const used = cpu() ?? {};
  const counted = Object.entries(await counts()).map(([name, count]) => [`${name} per turn`, count / sent]);
  for (const close of streams) close();
  return { turnsPerSecond: done / seconds, ...perTurn(used, sent), ...Object.fromEntries(counted) };
}

/** Milliseconds of processor time of one turn: in all, and by process. The load itself counts for nobody. */
function perTurn(used: Readonly<Record<string, number>>, turns: number): Record<string, number> {
  const all = Object.values(used).reduce((sum, ms) => sum + ms, 0);
  const named = Object.entries(used).map(([name, ms]) => [`${name} cpuMs`, ms / turns]);
  return { cpuMsPerTurn: all / turns, ...Object.fromEntries(named) };
}

const ours = await startOurs({ users });
const pool = new pg.Pool({ connectionString: ours.databaseUrl, max: 1 });
await pool.query(
  'create table if not exists bench_row (id text primary key, status text not null, request jsonb not null)',
);
await pool.end();
// PEER=0: what a change of ours did to a turn is seen in a minute.
const hasPeers = process.env['PEER'] !== '0';
const peers = hasPeers
  ? [
      await startPeer({ ...ours, withRows: false, users }),
      await startPeer({ ...ours, withRows: true, users }),
    ]
  : [];
const contestant = (name: string, side: Side) => ({
  name,
  round: (index: number) => measure(side, `${name}${index}`),
});
const compared = await runRounds(
  [
    contestant('switchyard', ours.side),
    ...peers.map(({ side }, index) => contestant(PEERS[index] ?? '', side)),
  ],
  roundCount,
);
for (const peer of peers) peer.stop();
await ours.stop();
if (!hasPeers) {
  console.log(compared.medians, `wrong ${wrong}`);
  process.exit(0);
}
const [toBare, toRows] = [
  compared.ratio('bullmq chain', 'turnsPerSecond', 'larger'),
  compared.ratio('bullmq chain with rows', 'turnsPerSecond', 'larger'),
];
const [cpuToBare, cpuToRows] = [
  compared.ratio('bullmq chain', 'cpuMsPerTurn', 'smaller'),
  compared.ratio('bullmq chain with rows', 'cpuMsPerTurn', 'smaller'),
];
const file = writeResult('whole-turns', {
  load: { inFlight, users, seconds, rounds: roundCount, deltasPerTurn: DELTAS.length },
  medians: compared.medians,
  ratios: { toBare, toRows, cpuToBare, cpuToRows },
  goals: { toBare: 1.5 },
  correctness: { lostDoubledOrCut: wrong },
  rounds: compared.rounds,
});
console.log(
  `\nours / bare ${toBare.median.toFixed(2)} (goal 1.5), ours / with rows ${toRows.median.toFixed(2)}, wrong ${wrong}`,
);
console.log(
  `processor time of a turn: ours / bare ${cpuToBare.median.toFixed(2)}, ours / with rows ${cpuToRows.median.toFixed(2)}`,
);
console.log(`written to ${file}`);
process.exit(0);
