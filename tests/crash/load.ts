import { createRecorder } from '../history/recorder.ts';
import type { Recorder } from '../history/recorder.ts';
import { createRecordingClient } from '../history/recording-client.ts';
import type { RecordingClient } from '../history/recording-client.ts';
import type { Acked } from '../history/records.ts';
import { BUNDLE } from './stage.ts';
import type { Stage } from './stage.ts';

/** People who chat all the time: what is killed has always something in its hands. */
export interface Load {
  readonly recorder: Recorder;
  /** Conversations that went through from the first message to the last end. */
  rounds(): number;
  /** Conversations in which something runs or waits right now. */
  live(): readonly { client: RecordingClient; conversation: string }[];
  /** No new conversations; resolves when every client has heard the end of everything that was acked. */
  stop(): Promise<void>;
}

/** An answer that does not come in this time is none. */
const PATIENCE_MS = 90_000;

const SLOW_PEOPLE = 2;

interface Person {
  readonly client: RecordingClient;
  readonly canary: string;
  nextKey(): string;
}

type Story = (person: Person, talk: Talk) => Promise<void>;

/** One conversation under way. */
interface Talk {
  say(
    text: string,
    options?: { isSteer?: boolean; file?: { filename: string; text: string } },
  ): Promise<Acked | undefined>;
  again(key: string, text: string): Promise<unknown>;
  conversation(): string | undefined;
  drop(): void;
  heard(acks: readonly (Acked | undefined)[]): Promise<void>;
  live(conversation: string, isLive: boolean): void;
}

const STORIES: readonly Story[] = [
  // A followup that waits, a steer, a reload in mid-answer, the same submit again.
  async ({ canary }, talk) => {
    const first = await talk.say(`${canary} first #say=14x20`);
    talk.drop();
    const text = `${canary} second #say=4x10`;
    const [second, steer] = await Promise.all([
      talk.say(text),
      talk.say(`${canary} hint`, { isSteer: true }),
    ]);
    if (second !== undefined) await talk.again(second.key, text);
    const third = await talk.say(`${canary} third #say=3x5`);
    await talk.heard([first, second, third, steer]);
  },
  // Continuations that the running turn takes in.
  async ({ canary }, talk) => {
    const first = await talk.say(`${canary} taker #say=24x20 #take`);
    const others = await Promise.all([
      talk.say(`${canary} one`),
      talk.say(`${canary} hint`, { isSteer: true }),
    ]);
    talk.drop();
    await talk.heard([first, ...others]);
  },
  // Stopped with all that waits, then another message.
  async ({ canary, client }, talk) => {
    const first = await talk.say(`${canary} long #say=60x20`);
    const second = await talk.say(`${canary} waits`);
    const third = await talk.say(`${canary} waits too`);
    const conversation = talk.conversation();
    if (conversation !== undefined) await client.cancel(conversation, true);
    const last = await talk.say(`${canary} after #say=2x5`);
    await talk.heard([first, second, third, last]);
  },
  // A file, a bundle that fails, and a stop by an empty steer.
  async ({ canary }, talk) => {
    const first = await talk.say(`${canary} file #say=3x10`, { file: { filename: 'a.txt', text: canary } });
    const second = await talk.say(`${canary} bad #say=2x5 #fail`);
    await talk.heard([first, second]);
    const third = await talk.say(`${canary} stopped #say=60x20`);
    await talk.say('', { isSteer: true });
    await talk.heard([third]);
  },
  // Deleted while it runs.
  async ({ canary, client }, talk) => {
    await talk.say(`${canary} doomed #say=20x20`);
    const conversation = talk.conversation();
    if (conversation === undefined) return;
    await client.remove(conversation);
    talk.live(conversation, false);
  },
];

/** Longer than a claim holds and another takes over: a worker that stands still meanwhile has a host that does not. */
const talkSlowly: Story = async ({ canary }, talk) => {
  const first = await talk.say(`${canary} slow #say=60x100`);
  const second = await talk.say(`${canary} behind #say=10x50`);
  await talk.heard([first, second]);
};

/** More new conversations at once than a user may have: some are refused, and opened later. */
const flood = async (person: Person, begin: () => Talk): Promise<void> => {
  const talks = Array.from({ length: 9 }, begin);
  const acks = await Promise.all(talks.map((talk) => talk.say(`${person.canary} many #say=3x15`)));
  await Promise.all(talks.map((talk, index) => talk.heard([acks[index]])));
};

export const startLoad = async (stage: Stage, people: number): Promise<Load> => {
  const recorder = createRecorder(Date.now);
  const live = new Map<string, RecordingClient>();
  let isStopping = false;
  let rounds = 0;

  const liveOn = async (index: number): Promise<void> => {
    const user = `user-${index}`;
    const canary = `canary-u${index}x`;
    const token = await stage.token(user);
    let turnOf = index;
    // One after the other, so that both serve everybody.
    const address = (): string => `http://127.0.0.1:${stage.ingresses[(turnOf += 1) % 2]?.port}`;
    const client = createRecordingClient({
      name: `client-${index}`,
      user,
      canary,
      token,
      address,
      recorder,
      bundleId: BUNDLE,
      scope: `${stage.scope.tenant}/${stage.scope.project}`,
    });
    const readers = [await client.follow(client.name, { isSessionWide: index % 2 === 0 })];
    let keys = 0;
    const person: Person = { client, canary, nextKey: () => `m-${index}-${(keys += 1)}` };
    const begin = (): Talk => beginTalk(person, live, () => readers.forEach((reader) => reader.drop()));
    for (let round = index; !isStopping; round += 1) {
      if (index < SLOW_PEOPLE) await talkSlowly(person, begin());
      const story = STORIES[round % (STORIES.length + 1)];
      await (story === undefined ? flood(person, begin) : story(person, begin()));
      rounds += 1;
    }
    await Promise.all(readers.map((reader) => reader.close()));
  };

  const lives = Array.from({ length: people }, (_each, index) => liveOn(index));
  return {
    recorder,
    rounds: () => rounds,
    live: () => [...live].map(([conversation, client]) => ({ conversation, client })),
    stop: async () => {
      isStopping = true;
      await Promise.all(lives);
    },
  };
};

const beginTalk = (person: Person, live: Map<string, RecordingClient>, drop: () => void): Talk => {
  const { client, nextKey } = person;
  let conversation: string | undefined;
  const mark = (id: string, isLive: boolean): void => void (isLive ? live.set(id, client) : live.delete(id));
  return {
    say: async (text, { isSteer = false, file } = {}) => {
      const ack = await client.send(text, {
        key: nextKey(),
        messageKind: isSteer ? 'steer' : 'message',
        ...(conversation === undefined ? {} : { conversation }),
        ...(file === undefined ? {} : { file }),
      });
      conversation ??= ack?.conversation;
      if (conversation !== undefined) mark(conversation, true);
      return isSteer ? undefined : ack;
    },
    again: (key, text) => client.send(text, { key, ...(conversation === undefined ? {} : { conversation }) }),
    conversation: () => conversation,
    drop,
    live: mark,
    heard: async (acks) => {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      await Promise.all(acks.flatMap((ack) => (ack === undefined ? [] : [client.heardEnd(ack, signal)])));
      if (conversation !== undefined) mark(conversation, false);
    },
  };
};
