import type { ContinuationItem, TurnInvocation, TurnResult } from '@switchyard/protocol';
import type { HostPort } from './bundle-runtime.ts';
import type { Capability, Documents, Granted } from './capabilities.ts';
import { createCommunicator } from './communicator.ts';
import type { JsonObject, Mailbox, Turn } from './contexts.ts';

/** The members for the capabilities that the definition names; the others do not exist. */
export function createGranted(
  port: Pick<HostPort, 'call'>,
  capabilities: readonly Capability[],
): Granted<Capability> {
  const documents: Documents = {
    search: async (query, options = {}) =>
      (await port.call('documents', 'search', [query, options])) as Awaited<ReturnType<Documents['search']>>,
  };
  const all: Granted<Capability> = { documents };
  const granted = Object.fromEntries(
    Object.entries(all).filter(([name]) => capabilities.some((asked) => asked === name)),
  );
  return granted as unknown as Granted<Capability>;
}

function createMailbox(port: Pick<HostPort, 'call'>): Mailbox {
  const call = async (method: 'peek' | 'take') =>
    (await port.call('mailbox', method, [])) as ContinuationItem | null;
  return {
    peekNextContinuation: () => call('peek'),
    takeNextContinuation: () => call('take'),
    async *continuations() {
      for (let item = await call('take'); item !== null; item = await call('take')) yield item;
    },
  };
}

export interface TurnParts {
  readonly payload: TurnInvocation;
  readonly port: HostPort;
  readonly props: JsonObject;
  readonly capabilities: readonly Capability[];
}

/** The object that `executeCore` gets, and what turns its return value into the turn's result. */
export function createTurn({ payload, port, props, capabilities }: TurnParts): {
  turn: Turn<JsonObject, Capability>;
  finish(returned: unknown): Promise<TurnResult>;
} {
  const { communicator, answer } = createCommunicator(port);
  const turn: Turn<JsonObject, Capability> = {
    ...communicator,
    ...createMailbox(port),
    ...createGranted(port, capabilities),
    id: payload.turn_id,
    message: payload.message,
    events: payload.events,
    attachments: payload.attachments,
    user: payload.user,
    conversation: { conversation_id: payload.conversation_id, ...payload.conversation },
    props,
    signal: port.signal,
    history: (n) => (n === undefined ? payload.history : n <= 0 ? [] : payload.history.slice(-n)),
    usage: { record: (usage) => port.emit({ kind: 'usage', usage }) },
  };
  return {
    turn,
    async finish(returned) {
      const extra = returned === undefined || returned === null ? {} : returned;
      if (typeof extra !== 'object' || Array.isArray(extra))
        throw new TypeError('executeCore returns an object or nothing');
      const { final_answer: wanted, ...rest } = extra as { final_answer?: unknown };
      if (wanted !== undefined) await streamRest(wanted, answer(), (text) => communicator.delta(text));
      return { ...rest, final_answer: answer() };
    },
  };
}

/** The stream and `final_answer` are the same text for every client, so a returned one may only go on from what was streamed. */
async function streamRest(
  wanted: unknown,
  streamed: string,
  delta: (text: string) => Promise<void>,
): Promise<void> {
  if (typeof wanted !== 'string' || !wanted.startsWith(streamed)) {
    throw new TypeError(
      'final_answer must begin with the answer deltas of the turn; leave it out to use them',
    );
  }
  await delta(wanted.slice(streamed.length));
}
