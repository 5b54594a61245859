import { randomBytes } from 'node:crypto';
import { Deadline, createIds, systemClock } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { buildEnvelope, createWorker, workerConfigSchema } from '@switchyard/turns';
import type { ClaimedTask, RunningTurn, TurnExecutor, TurnOutcome } from '@switchyard/turns';

export interface ScriptedWorker {
  /** Messages that were run, as the heart handed them over. */
  readonly tasks: ClaimedTask[];
  /** Lets turns go on that wait (`wait ...`). */
  release(): void;
  stop(): Promise<void>;
}

export interface WorkerSettings {
  redis: RedisFixture;
  postgres: PostgresFixture;
  scope: TenantProject;
}

/**
 * A worker of the real heart with an executor for tests. A message is its own script:
 * `echo X` answers X word by word; `wait X` does so, but stops after the first word until `release`, taking in what is sent
 * meanwhile when it is released; `long N` answers N words of 20,000 letters; `fail` throws.
 */
export async function startScriptedWorker({
  redis,
  postgres,
  scope,
}: WorkerSettings): Promise<ScriptedWorker> {
  const connect = (kind: 'commands' | 'claim' | 'subscriber', name = `test:${kind}`) =>
    connectRedis({ url: redis.url, prefix: redis.prefix, name, kind });
  const [commands, listening] = [await connect('commands'), await connect('subscriber')];
  const tasks: ClaimedTask[] = [];
  let gate = Promise.withResolvers<void>();
  const worker = createWorker({
    executor: createScript(tasks, () => gate.promise),
    redis: commands,
    subscriber: createSubscriber(listening),
    connectClaim: (name) => connect('claim', name),
    sql: postgres.sql,
    keys: createKeys(scope),
    scope,
    config: workerConfigSchema.parse({ slots: '8', blockedPop: '200ms' }),
    name: 'test-worker',
    version: 'test',
    clock: systemClock,
    ids: createIds(systemClock, randomBytes),
    log: silentLog,
    metrics: createMetrics({ service: 'test' }),
  });
  await worker.start();
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    gate.resolve();
    await worker.stop(Deadline.in(3000));
    await listening.close();
    await commands.close();
  };
  return {
    tasks,
    release: () => {
      gate.resolve();
      gate = Promise.withResolvers();
    },
    stop: () => (stopping ??= stop()),
  };
}

function createScript(tasks: ClaimedTask[], gate: () => Promise<void>): TurnExecutor {
  return {
    prepare: async (task) => {
      tasks.push(task);
      return (turn) => play(turn, gate);
    },
  };
}

async function play(turn: RunningTurn, gate: () => Promise<void>): Promise<TurnOutcome> {
  const { message } = turn.task.payload;
  const record = {
    v: 1 as const,
    final_answer: '',
    steps: [],
    citations: [],
    followups: [],
    files: [],
    usage: [],
  };
  if (message === 'fail')
    return { status: 'failed', errorType: 'bundle_error', message: 'It failed.', record };
  // Taken before the first word: whoever reads that may release before this turn has come to its wait.
  const released = gate();
  let answer = '';
  let index = 0;
  const say = async (text: string) => {
    answer += text;
    await turn.emit({ event: 'chat_delta', data: deltaOf(turn.task, text, index++), answerAdds: text });
  };
  const [verb, ...words] = message.split(' ');
  if (verb === 'long')
    for (let at = 0; at < Number(words[0]); at += 1) await say(`${at}`.padEnd(20_000, 'x'));
  else
    for (const [at, word] of words.entries()) {
      await say(at === 0 ? word : ` ${word}`);
      if (verb !== 'wait' || at > 0) continue;
      const aborted = new Promise<'aborted'>((resolve) =>
        turn.signal.addEventListener('abort', () => resolve('aborted'), { once: true }),
      );
      if ((await Promise.race([released, aborted])) === 'aborted') {
        return {
          status: 'cancelled',
          errorType: 'cancelled',
          message: 'Cancelled.',
          record: { ...record, final_answer: answer },
        };
      }
      for (let item = await turn.take(); item !== null; item = await turn.take())
        await say(` +${item.message}`);
    }
  return {
    status: 'completed',
    result: { final_answer: answer },
    record: { ...record, final_answer: answer },
  };
}

function deltaOf({ payload }: ClaimedTask, text: string, index: number) {
  const envelope = buildEnvelope(
    payload,
    { type: 'chat.delta', step: 'stream', status: 'running', agent: 'assistant' },
    systemClock.now(),
  );
  return {
    ...envelope,
    delta: { text, marker: 'answer', index, completed: false },
    text,
    idx: index,
    extra: { format: 'markdown' },
  };
}
