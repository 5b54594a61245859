import type { LogEntry } from '@switchyard/protocol';
import fc from 'fast-check';
import { createBoundedLog } from '../src/bounded-log.ts';
import { createJoin } from '../src/create-join.ts';
import { createReadGate } from '../src/read-gate.ts';
import { SessionFeed } from '../src/session-feed.ts';
import { MODEL_TTL_MS, ModelLog, TURN } from './model-log.ts';
import { ModelReader } from './model-reader.ts';

/** One thing that can happen. Numbers pick among what is there. */
export type Step =
  | { do: 'write'; fate: 'heard' | 'lost' | 'twice' | 'late'; stream: string; turn: string }
  | { do: 'hear late' | 'let a read go' | 'take' | 'leave' | 'cut'; pick: number }
  | { do: 'reconnect' | 'check the tail' | 'open' | 'rebuild' }
  | { do: 'pass time'; ms: number }
  | { do: 'come back older'; lost: number };

const pick = fc.nat(40);
/** Nothing of the log is lost by these. */
export const HARMLESS: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      fate: fc.constantFrom(
        'heard' as const,
        'heard' as const,
        'lost' as const,
        'twice' as const,
        'late' as const,
      ),
      stream: fc.constantFrom('', 'me', 'you'),
      turn: fc.constantFrom(TURN, TURN, 't2'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('let a read go' as const), pick }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('hear late' as const, 'leave' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('reconnect' as const, 'check the tail' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass time' as const), ms: fc.nat(300) }) },
];
/** Entries are gone after these, or may be. */
export const HARMFUL: fc.WeightedArbitrary<Step>[] = [
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), pick }) },
  {
    weight: 1,
    // Also backwards, by less than the margin.
    arbitrary: fc.record({
      do: fc.constant('pass time' as const),
      ms: fc.integer({ min: -2000, max: 2 * MODEL_TTL_MS }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('come back older' as const), lost: fc.nat(50) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('rebuild' as const) }) },
];
export const stepsOf = (...from: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...from), { minLength: 5, maxLength: 120, size: 'max' });

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

interface Stage {
  model: ModelLog;
  feed: SessionFeed;
  readers: ModelReader[];
  late: LogEntry[];
  letters: number;
}

function openStage(maxBufferBytes: number): Stage {
  const model = new ModelLog();
  const log = createBoundedLog(model, createReadGate(2));
  const feed = new SessionFeed('s', { log, ttlMs: MODEL_TTL_MS, pageSize: 4 });
  const join = createJoin(log, MODEL_TTL_MS);
  const parts = { model, log, feed, join };
  const readers = [
    new ModelReader({ ...parts, mode: 'session', maxBufferBytes: 1_000_000 }),
    new ModelReader({ ...parts, mode: 'session', maxBufferBytes }),
    new ModelReader({ ...parts, mode: 'stream', maxBufferBytes }),
    new ModelReader({ ...parts, mode: 'session', maxBufferBytes, says: 'more' }),
  ];
  return { model, feed, readers, late: [], letters: 0 };
}

const publicationOf = ({ logId, prev, event, streamId, conversationId, turnId, data }: LogEntry): string =>
  JSON.stringify([logId, prev, event, streamId, conversationId, turnId, data]);

function play(stage: Stage, now: Step): void {
  const { model, feed, readers, late } = stage;
  const reader = 'pick' in now ? readers[now.pick % readers.length] : undefined;
  switch (now.do) {
    case 'write': {
      const letter = String.fromCodePoint(97 + (stage.letters++ % 26));
      const entry = model.write(letter, now.stream, now.turn);
      if (entry === undefined) return;
      if (now.fate === 'late') late.push(entry);
      if (now.fate === 'heard' || now.fate === 'twice') feed.onPublication(publicationOf(entry));
      if (now.fate === 'twice') feed.onPublication(publicationOf(entry));
      return;
    }
    case 'hear late': {
      const [entry] = late.splice(now.pick % Math.max(1, late.length), 1);
      if (entry !== undefined) feed.onPublication(publicationOf(entry));
      return;
    }
    case 'let a read go':
      return model.letOneGo(now.pick);
    case 'take':
      return void reader?.take();
    case 'leave':
      return reader?.close();
    case 'cut':
      return model.cutTo(now.pick % 8);
    case 'reconnect':
      return void feed.reread();
    case 'check the tail':
      return void feed.heal();
    case 'open':
      return void readers.find((each) => !each.isOpen)?.open();
    case 'pass time':
      return model.passTime(now.ms * 1000);
    case 'come back older':
      // The subscriber's connection went with it.
      model.comeBackOlder(now.lost);
      return void feed.reread();
    case 'rebuild':
      return model.rebuild();
  }
}

/** The faults stop: reads are answered, the tail is checked, readers read on. */
async function comeToRest({ model, feed, readers }: Stage): Promise<void> {
  for (let checks = 0; checks < 3;) {
    await settle();
    if (!model.isOwn) model.rebuild();
    else if (model.waitingReads > 0) model.letOneGo(0);
    else if (readers.some((reader) => !reader.isOpen)) void readers.find((reader) => !reader.isOpen)?.open();
    else if (readers.some((reader) => !reader.isWaiting)) for (const reader of readers) void reader.take();
    else {
      checks += 1;
      void feed.heal();
    }
  }
}

/** Plays the steps; returns what the readers saw, after checking every frame and that nothing is missing at the end. */
export async function playSteps(steps: readonly Step[], maxBufferBytes: number): Promise<ModelReader[]> {
  const stage = openStage(maxBufferBytes);
  const { readers, feed, model } = stage;
  void feed.start();
  model.letOneGo(0);
  await settle();
  for (const each of steps) {
    play(stage, each);
    await settle();
  }
  await comeToRest(stage);
  for (const reader of readers) {
    reader.expectAll();
    reader.close();
  }
  return readers;
}
