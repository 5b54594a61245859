import { expect, test } from 'vitest';
import { createGuestList, itemFromEvent } from './guest-list.ts';

function memory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

const event = {
  id: '1-1',
  event: 'conv_status',
  data: {
    type: 'conv.status',
    timestamp: '2026-03-02T10:00:00Z',
    conversation: { session_id: 's', conversation_id: 'c', turn_id: 't', bundle_id: 'hello' },
    event: { agent: 'a', step: 'conv.state', status: 'running' },
    data: { state: 'in_progress' },
  },
};

test('a guest’s conversations are remembered by this browser, for this session only', () => {
  const storage = memory();
  const item = itemFromEvent(event);
  expect(item).toMatchObject({ conversation_id: 'c', bundle_id: 'hello', title: null });
  createGuestList(storage, 's-1').write(item === undefined ? [] : [item]);
  expect(createGuestList(storage, 's-1').read().items).toEqual([item]);
  expect(createGuestList(storage, 's-2').read().items).toEqual([]);
});

test('what cannot be read counts as nothing', () => {
  const storage = memory();
  storage.setItem('switchyard.guest.s', '{broken');
  expect(createGuestList(storage, 's').read().items).toEqual([]);
});
