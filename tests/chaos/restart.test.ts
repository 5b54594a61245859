import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { SCOPE, createChatCalls } from '../src/chat-calls.ts';
import { answerText, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';
import type { Ack, ConversationList } from '@switchyard/protocol';

const stackTest = createStackTest({ isPageless: true });

stackTest(
  'an orderly restart of the whole stack keeps conversations, sign-ins and session',
  async ({ stack }) => {
    const calls = await createChatCalls(stack, 'ada');
    const conversations: string[] = [];
    for (const last of [3, 4]) {
      const events = await readUntil(readEvents(await calls.say(`count to ${last}`)), isTerminal);
      const ack = events[0]?.data['ack'] as Ack | undefined;
      conversations.push(ack?.conversation_id ?? '');
    }
    const profile = async (): Promise<unknown> => (await calls.ask('/profile')).json();
    const before = { profile: await profile(), turns: await Promise.all(conversations.map(calls.turns)) };
    await stack.restart();
    // The same token: signing keys live in Postgres, sealed by the master key that was kept.
    expect(await profile()).toEqual(before.profile);
    expect(await Promise.all(conversations.map(calls.turns))).toEqual(before.turns);
    const list = (await (await calls.ask(`/api/cb/conversations/${SCOPE}`)).json()) as ConversationList;
    expect(list.items.map(({ conversation_id: id }) => id).toSorted()).toEqual(conversations.toSorted());
    const [first = ''] = conversations;
    const next = await readUntil(
      readEvents(await calls.say('count to 2', { conversationId: first })),
      isTerminal,
    );
    expect(answerText(next)).toBe(counted(2));
    expect(await calls.turns(first)).toHaveLength(2);
  },
);
