import type { LogEntry } from '@switchyard/protocol';
import { describe, expect, it } from 'vitest';
import { FrameBuffer } from './frame-buffer.ts';

const delta = (seq: number, text: string): LogEntry => ({
  logId: `1-${seq}`,
  prev: `1-${seq - 1}`,
  event: 'chat_delta',
  streamId: '',
  conversationId: 'c',
  turnId: 't',
  data: JSON.stringify({ delta: { text, marker: 'answer', index: seq } }),
});
const textOf = (entry: LogEntry) => (JSON.parse(entry.data) as { delta: { text: string } }).delta.text;

describe('FrameBuffer', () => {
  it('gives items in order, and nothing when it is empty', () => {
    const buffer = new FrameBuffer(1000);
    expect([buffer.isEmpty, buffer.shift()]).toEqual([true, undefined]);
    buffer.push({ kind: 'position', id: '1-1' });
    buffer.push({ kind: 'lost', position: '1-2' });
    expect(buffer.isEmpty).toBe(false);
    expect([buffer.shift(), buffer.shift(), buffer.shift()]).toEqual([
      { kind: 'position', id: '1-1' },
      { kind: 'lost', position: '1-2' },
      undefined,
    ]);
  });

  it('merges deltas over its bound and loses no letter', () => {
    const buffer = new FrameBuffer(10_000);
    for (let seq = 1; seq <= 500; seq += 1) buffer.push({ kind: 'entry', entry: delta(seq, 'x') });
    buffer.push({ kind: 'position', id: '1-501' });
    let text = '';
    for (let item = buffer.shift(); item?.kind === 'entry'; item = buffer.shift()) text += textOf(item.entry);
    expect([text.length, buffer.isLagged]).toEqual([500, false]);
  });

  it('ends with one last lagged when merging does not help', () => {
    const buffer = new FrameBuffer(10_000);
    for (let seq = 1; seq <= 50; seq += 1)
      buffer.push({ kind: 'entry', entry: delta(seq, 'x'.repeat(1000)) });
    expect(buffer.shift()).toEqual({ kind: 'lagged' });
    buffer.push({ kind: 'position', id: '1-99' });
    expect(buffer.shift()).toBeUndefined();
  });

  it('counts what it holds, never holds more than its bound, and lets one large event through', () => {
    const buffer = new FrameBuffer(10_000);
    buffer.push({ kind: 'entry', entry: delta(1, 'x'.repeat(50_000)) });
    expect([buffer.isLagged, buffer.bytes > 50_000]).toEqual([false, true]);
    buffer.shift();
    expect(buffer.bytes).toBe(0);
    for (let seq = 2; seq <= 400; seq += 1) {
      buffer.push(
        seq % 3 === 0
          ? { kind: 'position', id: `1-${seq}` }
          : { kind: 'entry', entry: delta(seq, 'x'.repeat(seq)) },
      );
      expect(buffer.bytes).toBeLessThanOrEqual(10_000);
    }
    expect([buffer.isLagged, buffer.bytes]).toEqual([true, 0]);
  });

  it('keeps only the newest of positions that follow one another', () => {
    const buffer = new FrameBuffer(1000);
    buffer.push({ kind: 'position', id: '1-1' });
    buffer.push({ kind: 'position', id: '1-2' });
    expect(buffer.shift()).toEqual({ kind: 'position', id: '1-2' });
  });
});
