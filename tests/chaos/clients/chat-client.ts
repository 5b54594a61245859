import type { Random } from '../random.ts';
import { followStream } from './follow-stream.ts';
import type { FollowedStream } from './follow-stream.ts';
import type { Recorder } from './recorder.ts';
import { sendOnce } from './send-message.ts';
import type { Message } from './send-message.ts';

export interface ClientOptions {
  readonly name: string;
  /** As the platform knows the user; empty for somebody without a token, whom the first answer names. */
  readonly user: string;
  readonly canary: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether its stream shows the whole session or what it asked itself. */
  readonly isSessionWide: boolean;
  readonly addresses: readonly string[];
  /** Where its stream goes, when that is a worse road. */
  readonly streamAddresses?: readonly string[];
  readonly random: Random;
  readonly recorder: Recorder;
}

/** One device of one user. Acts when it likes; what it does not hear the answer of it asks again. */
export interface ChatClient {
  readonly name: string;
  /** Begins to follow; resolves when its stream stands. */
  connect(): Promise<void>;
  /** One act of any kind. Never rejects. */
  act(): Promise<void>;
  /** Begins a conversation with this text and answers its turn; undefined when that was refused or stays unknown. */
  say(text: string): Promise<string | undefined>;
  /** From now on what is unknown is left unknown. */
  hush(): void;
  /** Asks again, until it is known, for everything that is unknown. */
  settle(): Promise<void>;
  /** Reads its conversations and says how each of its messages ended. */
  readEnds(): Promise<void>;
  stop(): Promise<void>;
}

interface Conversation {
  readonly id: string;
  readonly bundle: Message['bundle'];
}

interface Sent {
  readonly message: Message;
  readonly turn: string;
  readonly conversation: string;
}

const SCOPE = 'demo/main';
const MOST_RETRIES = 6;
const SETTLE_TRIES = 40;
const SETTLE_PAUSE_MS = 1000;
const LATE_JOIN_MS = 4000;
const KEPT_CONVERSATIONS = 3;
const REQUEST_MS = 10_000;

const WILD_WAYS = [
  ['throws', 6],
  ['throwsLater', 1],
  ['hangs', 4],
  ['neverReturns', 1],
  ['spins', 2],
  ['spinsForEver', 1],
  ['eatsMemory', 1],
  ['floods', 4],
  ['exits', 1],
] as const;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface FetchedTurn {
  readonly turn_id: string;
  readonly status: string;
  readonly artifacts: readonly { readonly type: string; readonly data?: { readonly text?: string } }[];
}

const answerOf = ({ artifacts }: FetchedTurn): string =>
  artifacts.find(({ type }) => type === 'chat:assistant')?.data?.text ?? '';

class Device implements ChatClient {
  readonly name: string;
  readonly #options: ClientOptions;
  readonly #streamId: string;
  readonly #conversations: Conversation[] = [];
  readonly #sent: Sent[] = [];
  readonly #unknown = new Map<string, Message>();
  readonly #joins = new Set<Promise<void>>();
  #stream: FollowedStream | undefined;
  #count = 0;
  #isHushed = false;

  constructor(options: ClientOptions) {
    this.name = options.name;
    this.#options = options;
    this.#streamId = `stream-${options.name}`;
    const { name: client, user, canary } = options;
    options.recorder.add({ kind: 'client', client, user, canary });
  }

  connect(): Promise<void> {
    this.#stream = this.#follow(
      'main',
      this.#streamId,
      this.#options.isSessionWide ? { follow: 'session' } : {},
      this.#options.streamAddresses ?? this.#options.addresses,
    );
    return this.#stream.opened;
  }

  async act(): Promise<void> {
    const { random } = this.#options;
    const acts: readonly (readonly [() => Promise<void>, number])[] = [
      [() => this.#begin(), 30],
      [() => this.#goOn(), 25],
      [() => this.#burst(), 8],
      [() => this.#steer(), 6],
      [() => this.#cancel(), 8],
      [() => this.#sendTwice(), 5],
      [() => this.#provoke(), 7],
      [() => this.#joinLate(), 5],
      [() => this.#record(), 2],
      [() => Promise.resolve(this.#stream?.cut()), 6],
    ];
    await random.weigh(acts)();
  }

  async say(text: string): Promise<string | undefined> {
    const message = this.#message('message', text);
    await this.#send(message);
    return this.#sent.find((each) => each.message === message)?.turn;
  }

  hush(): void {
    this.#isHushed = true;
  }

  async settle(): Promise<void> {
    for (let left = SETTLE_TRIES; left > 0 && this.#unknown.size > 0; left -= 1) {
      for (const message of this.#unknown.values()) await this.#try(message);
      if (this.#unknown.size > 0) await pause(SETTLE_PAUSE_MS);
    }
  }

  async readEnds(): Promise<void> {
    const { name: client, recorder } = this.#options;
    for (const [conversation, sent] of Map.groupBy(this.#sent, (each) => each.conversation)) {
      const body = await this.#fetchConversation(conversation);
      recorder.add({ kind: 'fetched', client, what: conversation, data: body });
      const { turns } = JSON.parse(body) as { turns: readonly FetchedTurn[] };
      const byId = new Map(turns.map((turn) => [turn.turn_id, turn]));
      for (const { message, turn } of sent) {
        const found = byId.get(turn);
        if (found === undefined) continue;
        recorder.add({
          kind: 'final',
          client,
          key: message.key,
          turn,
          status: found.status,
          text: answerOf(found),
        });
      }
    }
  }

  async stop(): Promise<void> {
    this.#isHushed = true;
    await Promise.all([this.#stream?.stop(), ...this.#joins]);
  }

  #follow(
    chain: string,
    streamId: string,
    query: Record<string, string>,
    addresses: readonly string[],
  ): FollowedStream {
    const { name: client, headers, random, recorder } = this.#options;
    return followStream({
      client,
      chain: `${client}/${chain}`,
      streamId,
      query,
      headers,
      addresses,
      random,
      recorder,
    });
  }

  #message(kind: Message['kind'], text: string, conversation?: Conversation): Message {
    this.#count += 1;
    return {
      key: `${this.name}-m${this.#count}`,
      kind,
      text: `${this.#options.canary} ${text}`,
      bundle: conversation?.bundle ?? 'steady',
      ...(conversation === undefined ? {} : { conversation: conversation.id }),
    };
  }

  #saying(): string {
    const { random } = this.#options;
    const way = random.isLikely(0.3) ? ' fold' : '';
    return `say ${random.between(2, 20)} ${random.between(5, 250)}${way}`;
  }

  #lastConversation(): Conversation | undefined {
    return this.#conversations.at(-1);
  }

  async #begin(): Promise<void> {
    const { random } = this.#options;
    const chosen: Conversation | undefined = random.isLikely(0.3)
      ? { id: `c-${this.name}-${this.#count}`, bundle: 'steady' }
      : undefined;
    await this.#send(this.#message('message', this.#saying(), chosen));
  }

  async #goOn(): Promise<void> {
    const { random } = this.#options;
    if (this.#conversations.length === 0) return this.#begin();
    await this.#send(this.#message('message', this.#saying(), random.pick(this.#conversations)));
  }

  /** One after the other as fast as they are acked: most of them wait in the mailbox. */
  async #burst(): Promise<void> {
    await this.#begin();
    const conversation = this.#lastConversation();
    if (conversation === undefined) return;
    for (let left = 3; left > 0 && !this.#isHushed; left -= 1)
      await this.#send(this.#message('message', this.#saying(), conversation));
  }

  async #steer(): Promise<void> {
    const conversation = this.#lastConversation();
    if (conversation === undefined) return this.#begin();
    await this.#send(this.#message('steer', 'rather something else', conversation));
  }

  async #record(): Promise<void> {
    const conversation = this.#lastConversation();
    if (conversation !== undefined)
      await this.#send(this.#message('recorded', 'looked at a page', conversation));
  }

  /** A double click, or a proxy that asks again: both attempts are under way at once. */
  async #sendTwice(): Promise<void> {
    const message = this.#message('message', this.#saying(), this.#lastConversation());
    await Promise.all([this.#send(message), this.#send(message)]);
  }

  async #provoke(): Promise<void> {
    const way = this.#options.random.weigh(WILD_WAYS);
    await this.#send({ ...this.#message('message', way), bundle: 'wild' });
  }

  async #cancel(): Promise<void> {
    const { random, recorder, name: client } = this.#options;
    const conversation = this.#lastConversation();
    if (conversation === undefined) return;
    const queued = random.isLikely(0.4) ? '?queued=1' : '';
    const answer = await this.#ask(
      `/api/chat/conversations/${conversation.id}/cancel${queued}`,
      'POST',
    ).catch(() => undefined);
    const status = answer?.status === 200 ? (JSON.parse(answer.text) as { status: string }).status : '';
    recorder.count(`cancel ${answer?.status ?? 'without an answer'} ${status}`);
    recorder.add({
      kind: 'cancel',
      client,
      conversation: conversation.id,
      status: status === 'cancelled' || status === 'idle' ? status : 'unknown',
    });
  }

  /** Somebody opens the page while an answer is under way. */
  async #joinLate(): Promise<void> {
    const { addresses } = this.#options;
    const conversation = this.#lastConversation();
    if (conversation === undefined) return this.#begin();
    this.#count += 1;
    const name = `late-${this.#count}`;
    const query = { follow: 'session', replay: 'turn', conversation_id: conversation.id };
    const stream = this.#follow(name, `${this.#streamId}-${name}`, query, addresses);
    const ended = pause(LATE_JOIN_MS).then(() => stream.stop());
    this.#joins.add(ended);
    await ended;
    this.#joins.delete(ended);
  }

  /** Asks until it is known, some times; then leaves it, as people do. */
  async #send(message: Message): Promise<void> {
    const { random } = this.#options;
    for (let left = MOST_RETRIES; left > 0 && !this.#isHushed; left -= 1) {
      if (await this.#try(message)) return;
      await pause(random.between(50, 2000));
    }
  }

  async #try(message: Message): Promise<boolean> {
    const { name: client, headers, addresses, random, recorder } = this.#options;
    const sender = { client, streamId: this.#streamId, headers, addresses, random, recorder };
    this.#unknown.set(message.key, message);
    const answer = await sendOnce(sender, message);
    if (answer === 'unknown') return false;
    this.#unknown.delete(message.key);
    if (answer === 'refused') return true;
    const { conversation_id: id, turn_id: turn } = answer;
    if (!this.#conversations.some((each) => each.id === id)) {
      this.#conversations.push({ id, bundle: message.bundle });
      if (this.#conversations.length > KEPT_CONVERSATIONS) this.#conversations.shift();
    }
    if (!this.#sent.some((each) => each.turn === turn)) this.#sent.push({ message, turn, conversation: id });
    return true;
  }

  async #ask(path: string, method: string, body?: unknown): Promise<{ status: number; text: string }> {
    const { addresses, random, headers } = this.#options;
    const response = await fetch(`${random.pick(addresses)}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    return { status: response.status, text: await response.text() };
  }

  async #fetchConversation(id: string): Promise<string> {
    const path = `/api/cb/conversations/${SCOPE}/${id}/fetch`;
    for (let left = MOST_RETRIES; ; left -= 1) {
      const answer = await this.#ask(path, 'POST', { materialize: true }).catch(() => undefined);
      if (answer?.status === 200) return answer.text;
      if (left === 0) throw new Error(`${this.name} cannot read ${id}: ${answer?.text ?? 'no answer'}`);
      await pause(SETTLE_PAUSE_MS);
    }
  }
}

export const createChatClient = (options: ClientOptions): ChatClient => new Device(options);
