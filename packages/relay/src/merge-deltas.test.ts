import type { EventName, LogEntry } from '@switchyard/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareLogIds } from './log-id.ts';
import { mergeDeltas } from './merge-deltas.ts';

interface Body {
  delta: { text: string; marker: string; index: number; completed: boolean };
  text: string;
  idx: number;
  ts: number;
  extra: Record<string, unknown>;
}

function delta(seq: number, text: string, marker = 'answer', turnId = 't1', index = seq): LogEntry {
  const body = {
    type: 'chat.delta',
    ts: seq,
    event: { agent: 'assistant' },
    delta: { text, marker, index, completed: false },
    text,
    idx: index,
    extra: { format: 'markdown' },
  };
  return {
    logId: `1-${seq}`,
    prev: `1-${seq - 1}`,
    event: 'chat_delta',
    streamId: 's',
    conversationId: 'c',
    turnId,
    data: JSON.stringify(body),
  };
}
function other(seq: number, event: EventName = 'chat_step'): LogEntry {
  return {
    logId: `1-${seq}`,
    prev: `1-${seq - 1}`,
    event,
    streamId: 's',
    conversationId: 'c',
    turnId: 't1',
    data: '{}',
  };
}
const bodyOf = (entry: LogEntry | undefined) => JSON.parse(entry?.data ?? '{}') as Body;

describe('mergeDeltas', () => {
  it('joins a run: texts in order, id and time of the last, index of the first', () => {
    const [merged, ...rest] = mergeDeltas([delta(1, 'Hel'), delta(2, 'lo '), delta(3, 'you')]);
    expect(rest).toEqual([]);
    expect(merged?.logId).toBe('1-3');
    expect(bodyOf(merged)).toMatchObject({
      delta: { text: 'Hello you', index: 1 },
      text: 'Hello you',
      idx: 1,
      ts: 3,
      extra: { merged: 3, first_log_id: '1-1', format: 'markdown' },
    });
  });

  it('counts right when a joined one is joined again', () => {
    const once = mergeDeltas([delta(1, 'a'), delta(2, 'b')]);
    const twice = mergeDeltas([...once, ...mergeDeltas([delta(3, 'c'), delta(4, 'd'), delta(5, 'e')])]);
    expect(bodyOf(twice[0])).toMatchObject({
      delta: { text: 'abcde', index: 1 },
      extra: { merged: 5, first_log_id: '1-1' },
    });
  });

  it.each([
    ['another marker', delta(2, 'b', 'thinking')],
    ['another turn', delta(2, 'b', 'answer', 't2')],
    ['another event', other(2)],
    ['a delta that cannot be read', { ...other(2, 'chat_delta'), data: '{"delta":' }],
  ])('does not join over %s', (_what, between) => {
    expect(mergeDeltas([delta(1, 'a'), between, delta(3, 'c')])).toHaveLength(3);
  });

  it('keeps every text of every marker, in order, and only ever increases ids', () => {
    const step = fc.oneof(
      fc.record({
        text: fc.string(),
        marker: fc.constantFrom('answer', 'thinking'),
        turn: fc.constantFrom('t1', 't2'),
      }),
      fc.constant('other' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const entries = steps.map((item, at) =>
          item === 'other' ? other(at + 1) : delta(at + 1, item.text, item.marker, item.turn),
        );
        const merged = mergeDeltas(entries);
        const textOf = (list: readonly LogEntry[], marker: string, turn: string) =>
          list
            .filter(
              (entry) =>
                entry.event === 'chat_delta' &&
                entry.turnId === turn &&
                bodyOf(entry).delta.marker === marker,
            )
            .map((entry) => bodyOf(entry).text)
            .join('');
        for (const marker of ['answer', 'thinking'])
          for (const turn of ['t1', 't2'])
            expect(textOf(merged, marker, turn)).toBe(textOf(entries, marker, turn));
        expect(merged.filter((entry) => entry.event === 'chat_step')).toEqual(
          entries.filter((entry) => entry.event === 'chat_step'),
        );
        for (const [at, entry] of merged.entries())
          if (at > 0) expect(compareLogIds(entry.logId, merged[at - 1]?.logId ?? '')).toBeGreaterThan(0);
        expect(merged.at(-1)?.logId).toBe(entries.at(-1)?.logId);
      }),
    );
  });
});
