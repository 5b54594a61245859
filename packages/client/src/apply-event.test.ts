import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONVERSATION, delta, envelope, event, turnLog } from '../test/turn-events.ts';
import { applyEvent } from './apply-event.ts';
import { emptyConversation, emptyTurn } from './conversation-view.ts';
import type { ConversationView } from './conversation-view.ts';
import { addLocalTurn, applyAck, mergeStored } from './local-turn.ts';
import type { StreamEvent } from './stream-event.ts';

function run(
  frames: readonly StreamEvent[],
  from: ConversationView = emptyConversation(CONVERSATION),
): ConversationView {
  return frames.reduce(applyEvent, from);
}

const pieces = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 30,
});

describe('a turn', () => {
  test('goes from queued words to a finished answer', () => {
    const view = run(turnLog('Hello?', ['Hel', 'lo', '!']));
    expect(view.state).toBe('idle');
    expect(view.turns).toHaveLength(1);
    expect(view.turns[0]).toMatchObject({
      turnId: 't-1',
      status: 'completed',
      question: 'Hello?',
      answer: 'Hello!',
      followups: ['more?'],
    });
  });

  test('keeps thinking, steps and citations beside the answer', () => {
    const step = (status: string, data?: object) =>
      envelope('chat.step', {
        event: { agent: 'a', step: 'search_docs', status },
        ...(data === undefined ? {} : { data }),
      });
    const view = run([
      event('1-1', 'chat_start', envelope('chat.start', { data: { message: 'q' } })),
      event('1-2', 'chat_step', step('started', { query: 'lanes' })),
      event('1-3', 'chat_delta', delta('hm', 'thinking')),
      event('1-4', 'chat_step', step('completed')),
      event(
        '1-5',
        'chat_step',
        envelope('chat.citations', { data: { items: [{ id: 1, title: 'Lanes' }, { bad: true }] } }),
      ),
      event('1-6', 'chat_step', envelope('acme.internal', { data: { any: 'thing' } })),
      event('1-7', 'chat_delta', delta('x', 'canvas')),
      event('1-8', 'chat_step', envelope('chat.conversation.title', { data: { title: 'On lanes' } })),
    ]);
    const turn = view.turns[0];
    expect(turn?.thinking).toBe('hm');
    expect(turn?.answer).toBe('');
    expect(turn?.citations).toEqual([{ id: 1, title: 'Lanes' }]);
    expect(turn?.steps).toHaveLength(1);
    expect(turn?.steps[0]).toMatchObject({
      name: 'search_docs',
      title: 'Search docs',
      status: 'completed',
      data: { query: 'lanes' },
    });
    expect(turn?.steps[0]?.endedAt).toBeGreaterThan(turn?.steps[0]?.startedAt ?? 0);
    expect(view.title).toBe('On lanes');
  });

  test.each([
    ['cancelled', 'cancelled'],
    ['turn_interrupted', 'interrupted'],
    ['bundle_error', 'failed'],
  ])('that ends with %s keeps what was written and says how it ended', (errorType, status) => {
    const view = run([
      ...turnLog('q', ['par', 'tial']).slice(0, 4),
      event(
        '1-900',
        'chat_error',
        envelope('chat.error', { data: { error: 'words', error_type: errorType } }),
      ),
      event('1-901', 'chat_delta', delta('late')),
    ]);
    expect(view.turns[0]).toMatchObject({
      status,
      answer: 'partial',
      error: { errorType, message: 'words' },
    });
  });

  test('frames of other conversations and of no position change nothing', () => {
    const view = run(turnLog('q', ['a']));
    const foreign = {
      ...delta('x'),
      conversation: { session_id: 's', conversation_id: 'c-2', turn_id: 't-1' },
    };
    expect(applyEvent(view, event('1-999', 'chat_delta', foreign))).toBe(view);
    expect(applyEvent(view, event(undefined, 'ready', { session_id: 's' }))).toBe(view);
    expect(applyEvent(view, event(undefined, 'chat_delta', 'nonsense'))).toBe(view);
  });
});

describe('replays', () => {
  test('any split with any overlap ends in the same view', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 6 }), (parts, cuts) => {
        const log = turnLog('q', parts);
        let view = emptyConversation(CONVERSATION);
        let reached = 0;
        // Every cut: the connection breaks somewhere ahead, and the next one starts again some frames too early.
        for (const [ahead, back] of cuts) {
          const start = Math.max(0, reached - back);
          const end = Math.min(log.length, reached + ahead);
          view = run(log.slice(start, end), view);
          reached = end;
        }
        view = run(log.slice(Math.max(0, reached - 3)), view);
        expect(view).toEqual(run(log));
        expect(view.turns[0]?.answer).toBe(parts.join(''));
      }),
    );
  });

  test('a page load in mid-answer goes on from the stored text', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (parts, at) => {
        const log = turnLog('q', parts);
        const cut = at % log.length;
        const loaded = run(log.slice(0, cut));
        const stored = mergeStored(emptyConversation(CONVERSATION), loaded);
        // The stream is opened from the conversation's position, and may hand over older frames as well.
        expect(run(log, stored).turns[0]?.answer).toBe(parts.join(''));
      }),
    );
  });

  test('rows that are newer than the position they were read at are not written twice', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (parts, at) => {
        const log = turnLog('q', parts);
        const finished = run(log);
        const position = log[at % log.length]?.id;
        const stale = { ...finished, appliedLogId: position };
        expect(run(log, stale).turns).toEqual(finished.turns);
      }),
    );
  });

  test('a running turn that is newer than its conversation counts from its own position', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (parts, a, b) => {
        const log = turnLog('q', parts);
        const older = Math.min(a % log.length, b % log.length);
        const newer = Math.max(a % log.length, b % log.length);
        const view = { ...run(log.slice(0, newer + 1)), appliedLogId: log[older]?.id };
        expect(run(log.slice(older + 1), view).turns[0]?.answer).toBe(parts.join(''));
      }),
    );
  });

  test('a resync gives the text so far, and the deltas after it go on', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (parts, a, b) => {
        const log = turnLog('q', parts);
        const seen = (a % parts.length) + 2;
        const snapshotAt = Math.max(seen, (b % parts.length) + 2);
        const snapshot = run(log.slice(0, snapshotAt + 1)).turns[0];
        // Redis came back: the epoch is another one, and so are the ids from here on.
        const renumbered = log.slice(snapshotAt + 1).map((frame, i) => ({ ...frame, id: `2-${10 + i}` }));
        const turns = [{ turn_id: 't-1', answer_so_far: snapshot?.answer ?? '', log_id: '2-9' }];
        const view = run([...log.slice(0, seen), event('2-9', 'resync', { turns }), ...renumbered]);
        expect(view.turns[0]).toMatchObject({ status: 'completed', answer: parts.join('') });
      }),
    );
  });
});

describe('own messages', () => {
  const message = { messageId: 'm-1', text: 'q', attachments: [], nowMs: 1 };
  const ack = { status: 'processing_started', turn_id: 't-1', queued_turn_id: null } as Parameters<
    typeof applyAck
  >[2];

  test('the ack may come before, between or after the events', () => {
    const log = turnLog('q', ['a', 'b', 'c']);
    for (let at = 0; at <= log.length; at += 1) {
      let view = addLocalTurn(emptyConversation(CONVERSATION), message);
      view = run(log.slice(0, at), view);
      view = applyAck(view, 'm-1', ack);
      view = run(log.slice(at), view);
      expect(view.turns).toHaveLength(1);
      expect(view.turns[0]).toMatchObject({
        turnId: 't-1',
        question: 'q',
        answer: 'abc',
        status: 'completed',
      });
    }
  });

  test('a followup waits as queued, is promoted, or is taken into the running answer', () => {
    const running = run(turnLog('first', ['a', 'b']).slice(0, 4));
    const queuedAck = { ...ack, status: 'external_event_accepted' as const, queued_turn_id: 't-2' };
    const waiting = applyAck(addLocalTurn(running, message), 'm-1', queuedAck);
    expect(waiting.turns.map((turn) => [turn.turnId, turn.status])).toEqual([
      ['t-1', 'running'],
      ['t-2', 'queued'],
    ]);
    const promoted = run(turnLog('q', ['z'], { turnId: 't-2', from: 500 }), waiting);
    expect(promoted.turns[1]).toMatchObject({ status: 'completed', answer: 'z' });
    const consumed = envelope('event.continuation.consumed', {
      data: { queued_turn_id: 't-2', turn_id: 't-1' },
    });
    const folded = run([event('1-600', 'chat_service', consumed)], waiting);
    expect(folded.turns[1]).toMatchObject({ status: 'folded', foldedInto: 't-1' });
  });

  test('reading the conversation again keeps what is still on its way, and never shortens a running answer', () => {
    const running = run(turnLog('first', ['a', 'b']).slice(0, 4));
    const before = addLocalTurn(running, message);
    const stored = {
      ...emptyConversation(CONVERSATION),
      turns: [{ ...emptyTurn('t-1'), question: 'first', answer: 'a' }],
    };
    const merged = mergeStored(before, stored);
    expect(merged.turns.map((turn) => [turn.turnId, turn.status, turn.answer])).toEqual([
      ['t-1', 'running', 'ab'],
      ['local:m-1', 'sending', ''],
    ]);
  });
});
