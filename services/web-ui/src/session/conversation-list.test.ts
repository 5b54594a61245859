import type { ConversationItem } from '@switchyard/protocol';
import { describe, expect, test } from 'vitest';
import { applyEventToList, groupConversations } from './conversation-list.ts';

const item = (id: string, at: string, more: Partial<ConversationItem> = {}): ConversationItem => ({
  conversation_id: id,
  title: id,
  started_at: at,
  last_activity_at: at,
  state: 'idle',
  bundle_id: 'hello',
  pinned: false,
  archived: false,
  ...more,
});

function status(id: string, state: string) {
  const data = {
    type: 'conv.status',
    timestamp: '2026-03-02T10:00:00Z',
    conversation: { session_id: 's', conversation_id: id, turn_id: 't' },
    event: { agent: 'a', step: 'conv.state', status: 'running' },
    data: { state },
  };
  return { id: '1-1', event: 'conv_status', data };
}

describe('the list by events', () => {
  const list = [item('a', '2026-03-02T09:00:00Z'), item('b', '2026-03-01T09:00:00Z')];

  test('a conversation that becomes busy moves to the top with its state', () => {
    const change = applyEventToList(list, status('b', 'in_progress'));
    expect(change).toMatchObject({
      kind: 'changed',
      items: [{ conversation_id: 'b', state: 'in_progress' }, { conversation_id: 'a' }],
    });
  });

  test('one that is deleted goes, one that is not known must be read', () => {
    expect(applyEventToList(list, status('a', 'deleted'))).toMatchObject({
      kind: 'changed',
      items: [{ conversation_id: 'b' }],
    });
    expect(applyEventToList(list, status('new', 'in_progress'))).toEqual({ kind: 'unknown' });
    expect(applyEventToList(list, status('new', 'deleted'))).toEqual({ kind: 'same' });
  });

  test('a title is taken over in its place', () => {
    const { data } = status('b', '');
    const titled = { ...data, type: 'chat.conversation.title', data: { title: 'Named' } };
    expect(applyEventToList(list, { id: '1-2', event: 'chat_step', data: titled })).toMatchObject({
      kind: 'changed',
      items: [{ title: 'a' }, { title: 'Named' }],
    });
  });
});

test('groups follow the reader’s own days, pinned ones first', () => {
  const now = new Date(2026, 2, 2, 0, 30);
  const at = (day: number, hour: number) => new Date(2026, 2, day, hour, 0).toISOString();
  const items = [
    item('now', at(2, 0)),
    item('late yesterday', at(1, 23)),
    item('before', new Date(2026, 1, 28, 23, 59).toISOString()),
    item('kept', at(1, 1), { pinned: true }),
  ];
  expect(
    groupConversations(items, now).map((group) => [group.name, group.items.map((i) => i.conversation_id)]),
  ).toEqual([
    ['pinned', ['kept']],
    ['today', ['now']],
    ['yesterday', ['late yesterday']],
    ['earlier', ['before']],
  ]);
});
