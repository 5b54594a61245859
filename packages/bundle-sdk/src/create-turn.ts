import type { ContinuationItem, TurnInvocation, TurnResult } from '@switchyard/protocol';
import type { HostPort } from './bundle-runtime.ts';
import { createCommunicator } from './communicator.ts';
import type { Mailbox, Turn } from './contexts.ts';
import { createContext } from './create-context.ts';
import type { Loaded } from './loaded.ts';

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

export interface TurnParts extends Pick<Loaded, 'props' | 'granted'> {
  readonly payload: TurnInvocation;
  readonly port: HostPort;
}

/** The object that `executeCore` gets, and what turns its return value into the turn's result. */
export function createTurn({ payload, port, ...loaded }: TurnParts): {
  turn: Turn;
  finish(returned: unknown): Promise<TurnResult>;
} {
  const { communicator, answer } = createCommunicator(port);
  const turn: Turn = createContext(loaded, port, {
    ...communicator,
    ...createMailbox(port),
    id: payload.turn_id,
    message: payload.message,
    events: payload.events,
    attachments: payload.attachments,
    user: payload.user,
    conversation: { conversation_id: payload.conversation_id, ...payload.conversation },
    history: (n?: number) => (n === undefined ? payload.history : n <= 0 ? [] : payload.history.slice(-n)),
  });
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
