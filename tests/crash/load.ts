import { createRecorder } from '../history/recorder.ts';
import type { Recorder } from '../history/recorder.ts';
import { createRecordingClient } from '../history/recording-client.ts';
import type { Reader, RecordingClient } from '../history/recording-client.ts';
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
  /** Has somebody play a story now, beside the others; at most a few at a time. */
  play(story: StoryName): void;
  /** No new conversations; resolves when every client has heard the end of everything that was acked. */
  stop(): Promise<void>;
}

/** An answer that does not come in this time is none. */
const PATIENCE_MS = 90_000;

interface Person {
  readonly client: RecordingClient;
  readonly canary: string;
  nextKey(): string;
  /** Breaks its stream, as a reload does. */
  drop(): void;
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

const STORIES = {
  // A followup that waits, a steer, a reload in mid-answer, the same submit again.
  talk: async ({ canary }, talk) => {
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
  takes: async ({ canary }, talk) => {
    const first = await talk.say(`${canary} taker #say=24x20 #take`);
    const others = await Promise.all([
      talk.say(`${canary} one`),
      talk.say(`${canary} hint`, { isSteer: true }),
    ]);
    talk.drop();
    await talk.heard([first, ...others]);
  },
  // Stopped with all that waits, then another message.
  cancels: async ({ canary, client }, talk) => {
    const first = await talk.say(`${canary} long #say=60x20`);
    const second = await talk.say(`${canary} waits`);
    const third = await talk.say(`${canary} waits too`);
    const conversation = talk.conversation();
    if (conversation !== undefined) await client.cancel(conversation, true);
    const last = await talk.say(`${canary} after #say=2x5`);
    await talk.heard([first, second, third, last]);
  },
  // A file, a bundle that fails, and a stop by an empty steer.
  file: async ({ canary }, talk) => {
    const first = await talk.say(`${canary} file #say=3x10`, { file: { filename: 'a.txt', text: canary } });
    const second = await talk.say(`${canary} bad #say=2x5 #fail`);
    await talk.heard([first, second]);
    const third = await talk.say(`${canary} stopped #say=60x20`);
    await talk.say('', { isSteer: true });
    await talk.heard([third]);
  },
  // Deleted while it runs.
  remove: async ({ canary, client }, talk) => {
    await talk.say(`${canary} doomed #say=20x20`);
    const conversation = talk.conversation();
    if (conversation === undefined) return;
    await client.remove(conversation);
    talk.live(conversation, false);
  },
} satisfies Record<string, Story>;

export type StoryName = keyof typeof STORIES | 'flood';
const NAMES: readonly StoryName[] = ['talk', 'takes', 'cancels', 'file', 'remove', 'flood'];

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

const SLOW_PEOPLE = 2;
/** Who is there for what is asked for. */
const EXTRAS = 3;

export const startLoad = async (stage: Stage, people: number): Promise<Load> => {
  const recorder = createRecorder(Date.now);
  const live = new Map<string, RecordingClient>();
  const playing = new Set<Promise<void>>();
  const readers: Reader[] = [];
  const stopping = new AbortController();
  let rounds = 0;

  const invite = async (index: number): Promise<Person> => {
    const user = `user-${index}`;
    let turnOf = index;
    const client = createRecordingClient({
      name: `client-${index}`,
      user,
      canary: `canary-u${index}x`,
      token: await stage.token(user),
      // One after the other, so that both serve everybody.
      address: () => `http://127.0.0.1:${stage.ingresses[(turnOf += 1) % 2]?.port}`,
      recorder,
      bundleId: BUNDLE,
      scope: `${stage.scope.tenant}/${stage.scope.project}`,
    });
    const reader = await client.follow(client.name, { isSessionWide: index % 2 === 0 });
    readers.push(reader);
    let keys = 0;
    const nextKey = (): string => `m-${index}-${(keys += 1)}`;
    return { client, canary: `canary-u${index}x`, nextKey, drop: reader.drop };
  };

  const tell = async (name: StoryName, person: Person): Promise<void> => {
    const begin = (): Talk => beginTalk(person, live);
    await (name === 'flood' ? flood(person, begin) : STORIES[name](person, begin()));
    rounds += 1;
  };

  const liveOn = async (index: number): Promise<void> => {
    const person = await invite(index);
    for (let round = index; !stopping.signal.aborted; round += 1) {
      if (index < SLOW_PEOPLE) await talkSlowly(person, beginTalk(person, live));
      await tell(NAMES[round % NAMES.length] ?? 'talk', person);
    }
  };

  const idle = await Promise.all(Array.from({ length: EXTRAS }, (_each, index) => invite(people + index)));
  const lives = Array.from({ length: people }, (_each, index) => liveOn(index));
  return {
    recorder,
    rounds: () => rounds,
    live: () => [...live].map(([conversation, client]) => ({ conversation, client })),
    play: (story) => {
      const person = idle.pop();
      if (person === undefined) return;
      const done = tell(story, person).finally(() => {
        idle.push(person);
        playing.delete(done);
      });
      playing.add(done);
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([...lives, ...playing]);
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
};

const beginTalk = (person: Person, live: Map<string, RecordingClient>): Talk => {
  const { client, nextKey, drop } = person;
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
