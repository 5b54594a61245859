import { withTimeout } from '@switchyard/kernel';
import type { RedisConnection } from './redis-connection.ts';

export type MessageListener = (message: string) => void;

export interface Subscriber {
  /**
   * Resolves when Redis has confirmed the subscription: every publication from then on reaches the listener, in order, until the
   * returned function is called or the connection breaks. Reference counted: one SSUBSCRIBE however many listeners.
   */
  subscribe(channel: string, listener: MessageListener): Promise<() => Promise<void>>;
  /** Called after a reconnect when all channels are subscribed again: publications in between are lost, read the log. */
  onReconnect(listener: () => void): () => void;
  readonly channelCount: number;
}

interface Channel {
  /** Replaced, never changed: a list that is being walked stays as it is. Mostly one, where a set would take its first table. */
  listeners: readonly MessageListener[];
  confirmed: Promise<void>;
}

/** A server that hangs does not hold up whoever leaves; its late answer, or the end of the connection, does the same. */
const LEAVE_LIMIT_MS = 1000;

/** How long a subscription waits for the connection to come back, each time that it breaks. */
const RENEW_LIMIT_MS = 5000;

const NOBODY: readonly MessageListener[] = [];

/**
 * Waits for the confirmation, also over a connection that breaks meanwhile: what was asked of it is lost, and asked again of the next one
 * by whoever renews all channels. A refusal of the server is the end of it.
 */
async function confirmation(connection: RedisConnection, channel: Channel): Promise<void> {
  for (;;) {
    const { confirmed } = channel;
    try {
      return await confirmed;
    } catch (error) {
      if (channel.confirmed !== confirmed) continue;
      if (connection.isReady()) throw error;
      await connection.ready(RENEW_LIMIT_MS);
      // Nobody has asked anew: the connection is not the one that would.
      if (channel.confirmed === confirmed) throw error;
    }
  }
}

/** Sharded subscriptions (SSUBSCRIBE, never mixed with SUBSCRIBE) over one connection of kind `subscriber`. */
export function createSubscriber(connection: RedisConnection): Subscriber {
  const { driver } = connection;
  const channels = new Map<string, Channel>();
  const reconnectListeners = new Set<() => void>();
  driver.on('smessage', (name: string, message: string) => {
    for (const listener of channels.get(name)?.listeners ?? NOBODY) listener(message);
  });
  const confirm = async (name: string): Promise<void> => void (await driver.ssubscribe(name));
  connection.onReady(() => {
    const names = [...channels.keys()];
    const renewed = names.map((name) => {
      const channel = channels.get(name);
      const confirmed = confirm(name);
      if (channel !== undefined) channel.confirmed = confirmed;
      return confirmed;
    });
    // A failure means that the connection broke again; the next `ready` repeats all of it.
    Promise.all(renewed).then(
      () => {
        for (const listener of reconnectListeners) listener();
      },
      () => undefined,
    );
  });
  return {
    subscribe: async (name, listener) => {
      let channel = channels.get(name);
      if (channel === undefined)
        channels.set(name, (channel = { listeners: NOBODY, confirmed: confirm(name) }));
      // One entry per call, even for the same function.
      const own: MessageListener = (message) => listener(message);
      channel.listeners = [...channel.listeners, own];
      const leave = () => unsubscribe(name, own);
      try {
        await confirmation(connection, channel);
      } catch (error) {
        await leave();
        throw error;
      }
      return leave;
    },
    onReconnect: (listener) => {
      reconnectListeners.add(listener);
      return () => void reconnectListeners.delete(listener);
    },
    get channelCount() {
      return channels.size;
    },
  };

  async function unsubscribe(name: string, listener: MessageListener): Promise<void> {
    const channel = channels.get(name);
    if (channel === undefined || !channel.listeners.includes(listener)) return;
    channel.listeners = channel.listeners.filter((each) => each !== listener);
    if (channel.listeners.length > 0) return;
    channels.delete(name);
    // A connection that is made anew subscribes what is still here and nothing else: then there is nothing to take back.
    if (!connection.isReady()) return;
    // Commands of one connection keep their order: a later subscribe to the same name comes after this.
    const left = driver.sunsubscribe(name).then(() => undefined);
    await withTimeout(left, LEAVE_LIMIT_MS, 'leaving a channel').catch(() => undefined);
  }
}
