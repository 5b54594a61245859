import type { RecoveryStack, RunningAnswer } from './stack.ts';
import type { Servers } from '../src/servers.ts';

/** One kill: how long until the client heard again, and what it was told in the end. */
export interface Trial {
  readonly ms: number;
  readonly outcome: 'answered' | 'told' | 'lost';
  /** Ended twice, or a piece of the answer twice or missing. */
  readonly isWrong: boolean;
  readonly resyncs: number;
}
export type RunTrial = (stack: RecoveryStack, servers: Servers, number: number) => Promise<Trial>;

const TICKS = 60;
const TICK_MS = 25;
const whole = Array.from({ length: TICKS }, (_none, tick) => `${tick};`).join('');
const shortTurn = `ticks ${TICKS} ${TICK_MS}`;
/** Says little and takes long: whoever has it is killed while it runs. */
const longTurn = 'ticks 1 300000';
/** Late second ends show up within this. */
const AFTER_END_MS = 300;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function judge(turn: RunningAnswer, ms: number, isWholeExpected: boolean): Promise<Trial> {
  const endedAt = await turn.end();
  await sleep(AFTER_END_MS);
  turn.close();
  const [end] = turn.ends;
  const outcome = Number.isNaN(endedAt) ? 'lost' : end === 'chat_complete' ? 'answered' : 'told';
  const text = turn.text().replace(/pid \d+;/, '');
  // After a resync the client reads the conversation again; its text is not the stream's alone.
  const isCut = isWholeExpected && outcome === 'answered' && turn.resyncs === 0 && text !== whole;
  return { ms, outcome, isWrong: turn.ends.length > 1 || isCut, resyncs: turn.resyncs };
}

/** The worker that runs the turn: the other one finds the lease over and tells the client. */
const killWorker: RunTrial = async (stack) => {
  const turn = await stack.say(longTurn);
  const at = performance.now();
  const { replaced } = stack.worker.replace(turn.workerIndex);
  const endedAt = await turn.end();
  await replaced;
  return judge(turn, endedAt - at, false);
};

/** The bundle's process: its worker tells the client. */
const killHost: RunTrial = async (stack) => {
  const turn = await stack.say(longTurn);
  const at = performance.now();
  process.kill(turn.hostPid, 'SIGKILL');
  return judge(turn, (await turn.end()) - at, false);
};

/** The ingress that has the stream: the client goes to the other one with its last id. */
const killIngress: RunTrial = async (stack, _servers, number) => {
  const index = number % 2 === 0 ? 0 : 1;
  const turn = await stack.say(shortTurn, index);
  while (!turn.text().includes('5;')) await turn.nextNews();
  const at = performance.now();
  const { killed, replaced } = stack.ingress.replace(index);
  await killed;
  const heardAt = await turn.nextNews();
  const judged = await judge(turn, heardAt - at, true);
  await replaced;
  return judged;
};

/** Redis, which comes back with its append-only file: everybody goes on. Only what is heard after it is back counts. */
const restartRedis: RunTrial = async (stack, servers) => {
  const turn = await stack.say(shortTurn);
  while (!turn.text().includes('5;')) await turn.nextNews();
  const at = performance.now();
  await servers.restartRedis();
  const heardAt = await turn.nextNews();
  return judge(turn, heardAt - at, true);
};

export const TRIALS = {
  worker: killWorker,
  host: killHost,
  ingress: killIngress,
  redis: restartRedis,
} as const;
