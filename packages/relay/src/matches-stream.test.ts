import { expect, it } from 'vitest';
import { matchesStream } from './matches-stream.ts';

const entry = (streamId: string, conversationId = 'c1', turnId = 't1') => ({
  streamId,
  conversationId,
  turnId,
});
const stream = { mode: 'stream', streamId: 'me' } as const;
const session = { mode: 'session', streamId: 'me' } as const;

it.each([
  ['its own event', entry('me'), stream, true],
  ['an event for all', entry(''), stream, true],
  ['an event of another stream', entry('you'), stream, false],
  ['an event of another stream, following the session', entry('you'), session, true],
  ['its conversation', entry('me'), { ...session, conversationId: 'c1' }, true],
  ['another conversation', entry('me'), { ...session, conversationId: 'c2' }, false],
  ['an event of no conversation', entry('me', ''), { ...session, conversationId: 'c2' }, true],
  ['its turn', entry('you'), { ...session, turnId: 't1' }, true],
  ['another turn', entry('you'), { ...session, turnId: 't2' }, false],
  ['an event of no turn', entry('', 'c1', ''), { ...session, turnId: 't2' }, true],
])('%s', (_what, given, target, expected) => {
  expect(matchesStream(given, target)).toBe(expected);
});
