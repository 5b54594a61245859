import { expect, test } from 'vitest';
import { EventOutbox } from './event-outbox.ts';
import type { OutboxEvent } from './event-outbox.ts';

function createOutbox(windowBytes = 1000, maxPendingBytes = 5000) {
  const sent: { event: OutboxEvent; bytes: number }[] = [];
  const deferred: (() => void)[] = [];
  const outbox = new EventOutbox({
    windowBytes,
    maxPendingBytes,
    maxDeltaLength: 200,
    send: (event, bytes) => void sent.push({ event, bytes }),
    defer: (flush) => void deferred.push(flush),
  });
  return {
    outbox,
    sent,
    endTick: () => deferred.splice(0).forEach((flush) => flush()),
    texts: () => sent.map(({ event }) => event.text),
  };
}

const delta = (text: string, marker = 'answer') => ({ kind: 'delta', text, marker });

test('the first of a tick goes at once, those after it gather by marker', async () => {
  const { outbox, endTick, texts } = createOutbox();
  for (const text of ['a', 'b', 'c']) await outbox.push(delta(text));
  await outbox.push(delta('t', 'thinking'));
  await outbox.push(delta('d'));
  expect(texts()).toEqual(['a']);
  endTick();
  expect(texts()).toEqual(['a', 'bc', 't', 'd']);
  await outbox.push(delta('e'));
  expect(texts().at(-1)).toBe('e');
});

test('the window stops the sender and the waiting, acks open it again, the order stays', async () => {
  const { outbox, sent, endTick } = createOutbox(300);
  const resolved: number[] = [];
  const pushes = Array.from({ length: 6 }, (_, n) =>
    outbox.push({ kind: 'title', text: `${n}` }).then(() => resolved.push(n)),
  );
  endTick();
  await Promise.resolve();
  const cost = sent[0]?.bytes ?? 0;
  expect(sent.length).toBe(Math.floor(300 / cost));
  expect(resolved.length).toBeLessThan(6);
  for (let acked = 0; acked < 6; acked += 1) outbox.ack(cost);
  await Promise.all(pushes);
  expect(sent.map(({ event }) => event.text)).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('one event larger than the window goes alone', async () => {
  const { outbox, sent, endTick } = createOutbox(100);
  void outbox.push(delta('x'.repeat(150)));
  void outbox.push({ kind: 'title', text: 'next' });
  endTick();
  expect(sent.length).toBe(1);
  outbox.ack(sent[0]?.bytes ?? 0);
  expect(sent.length).toBe(2);
});

test('one that does not fit beside what proc keeps back goes all the same, and beside more it waits', () => {
  const { outbox, sent, endTick } = createOutbox(1000);
  void outbox.push(delta('x'.repeat(100)));
  void outbox.push({ kind: 'title', text: 'y'.repeat(850) });
  endTick();
  expect(sent.length).toBe(2);
  for (let n = 0; n < 2; n += 1) outbox.ack(sent[n]?.bytes ?? 0);
  void outbox.push({ kind: 'title', text: 'z'.repeat(300) });
  void outbox.push({ kind: 'title', text: 'y'.repeat(850) });
  endTick();
  expect(sent.length).toBe(3);
  // What is under way is 391 bytes, of which proc may keep 249 back.
  outbox.ack(142);
  expect(sent.length).toBe(4);
});

test('who floods without awaiting is stopped', () => {
  const { outbox } = createOutbox(100, 1000);
  expect(() => {
    for (let n = 0; n < 1000; n += 1) void outbox.push({ kind: 'title', text: 'x' });
  }).toThrow(/await what the communicator returns/);
});

test('close rejects what waits and what comes; drained resolves', async () => {
  const { outbox, endTick } = createOutbox(100);
  void outbox.push(delta('x'.repeat(150)));
  const waiting = outbox.push({ kind: 'title', text: 'never' });
  endTick();
  const drained = outbox.drained();
  outbox.close(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
  await expect(outbox.push(delta('y'))).rejects.toThrow('cancelled');
  await drained;
});
