import { PlatformError } from '@switchyard/kernel';
import { describe, expect, it } from 'vitest';
import { decideKind, normalisePlainMessage, normaliseSubmission } from './normalise-submission.ts';

const limits = { maxMessageCharacters: 100, maxEventsBytes: 2000 };
const event = (type: string, content: unknown = { text: 'hello' }, more: Record<string, unknown> = {}) => ({
  type,
  payload: { event: content },
  ...more,
});
const submit = (...events: unknown[]) => normaliseSubmission({ external_events: events }, limits);

function refusal(run: () => unknown): { code: string; field: unknown } {
  try {
    run();
  } catch (error) {
    if (error instanceof PlatformError) return { code: error.code, field: error.details?.['field'] };
    throw error;
  }
  throw new Error('was not refused');
}

describe('both forms', () => {
  it('give the same message', () => {
    const plain = normalisePlainMessage(
      { message: 'hi', conversation_id: 'c-1', bundle_id: 'hello', event_id: 'e-1' },
      limits,
    );
    const events = [
      {
        event_id: 'e-1',
        type: 'event.user.prompt',
        event_source_id: 'chat.message',
        payload: { mime: 'text/plain', event: { text: 'hi' } },
      },
    ];
    expect(plain).toEqual(
      normaliseSubmission({ external_events: events, conversation_id: 'c-1', bundle_id: 'hello' }, limits),
    );
    expect(plain).toMatchObject({
      kind: 'message',
      text: 'hi',
      conversationId: 'c-1',
      bundleId: 'hello',
      messageId: 'e-1',
    });
  });

  it('ignore what only the session and the server may say', () => {
    const foreign = { tenant: 'other', project: 'other', turn_id: 't', operation: 'op', command: 'c' };
    expect(normalisePlainMessage({ message: 'hi', ...foreign }, limits)).toEqual(
      normalisePlainMessage({ message: 'hi' }, limits),
    );
    expect(
      normaliseSubmission({ external_events: [event('event.user.prompt')], ...foreign }, limits),
    ).toEqual(submit(event('event.user.prompt')));
  });
});

describe('the kind of a submission', () => {
  it.each([
    [['event.user.prompt'], 'message'],
    [['event.user.followup'], 'message'],
    [['event.user.steer'], 'steer'],
    [['event.user.steer', 'event.user.prompt'], 'message'],
    [['event.user.steer', 'event.user.attachment.file'], 'steer'],
    [['event.user.attachment.file'], 'message'],
    [['order.created'], 'message'],
  ])('%j is a %s', (types, kind) => {
    expect(decideKind(types.map((type) => ({ type, reactive: true, payload: {} })))).toBe(kind);
  });

  it('is recorded when nothing in it is reactive', () => {
    expect(
      submit(
        event('page.opened', {}, { reactive: false }),
        event('event.user.prompt', undefined, { reactive: false }),
      ).kind,
    ).toBe('recorded');
  });
});

describe('text', () => {
  it('joins what the user said, in order, and not what others say', () => {
    const message = submit(
      event('event.user.prompt', { text: 'one' }),
      event('order.created', { text: 'no' }),
      event('event.user.followup', 'two'),
    );
    expect(message.text).toBe('one\n\ntwo');
  });

  it('may be blank in a steer, and beside a file', () => {
    expect(submit(event('event.user.steer', { text: ' ' })).kind).toBe('steer');
    expect(
      submit(event('event.user.prompt', { text: '' }), event('event.user.attachment.file', { filename: 'a' }))
        .text,
    ).toBe('');
  });

  it('counts characters as people do', () => {
    expect(submit(event('event.user.prompt', { text: '😀'.repeat(100) })).text).toHaveLength(200);
    expect(refusal(() => submit(event('event.user.prompt', { text: '😀'.repeat(101) })))).toEqual({
      code: 'TOO_LARGE',
      field: 'message',
    });
  });
});

describe('refused, naming the field', () => {
  it.each([
    ['nothing', {}, 'INVALID_REQUEST', 'external_events'],
    ['no events', { external_events: [] }, 'INVALID_REQUEST', 'external_events'],
    ['an event without a type', { external_events: [{}] }, 'INVALID_REQUEST', 'external_events.0.type'],
    [
      'a bad conversation id',
      { external_events: [event('event.user.prompt')], conversation_id: '../x' },
      'INVALID_REQUEST',
      'conversation_id',
    ],
    [
      'a blank prompt',
      { external_events: [event('event.user.prompt', { text: '  ' })] },
      'INVALID_REQUEST',
      'message',
    ],
    [
      'NUL deep inside',
      { external_events: [event('x', { a: [{ b: 'c\0' }] })] },
      'INVALID_REQUEST',
      'external_events.0.payload.event.a.0.b',
    ],
    [
      'half a character',
      { external_events: [event('event.user.prompt', { text: '\ud800' })] },
      'INVALID_REQUEST',
      'external_events.0.payload.event.text',
    ],
    [
      'nesting that would exhaust a stack',
      { external_events: [event('x', JSON.parse('['.repeat(9000) + ']'.repeat(9000)))] },
      'INVALID_REQUEST',
      'external_events',
    ],
    [
      'too much of anything',
      { external_events: [event('x', { a: 'y'.repeat(3000) })] },
      'TOO_LARGE',
      'external_events',
    ],
    ['a list', [], 'INVALID_REQUEST', 'body'],
    ['null', null, 'INVALID_REQUEST', 'body'],
  ])('%s', (_what, body, code, field) => {
    expect(refusal(() => normaliseSubmission(body, limits))).toEqual({ code, field });
  });
});
