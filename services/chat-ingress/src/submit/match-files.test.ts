import type { ExternalEvent } from '@switchyard/protocol';
import { describe, expect, it } from 'vitest';
import { matchFiles } from './match-files.ts';

const file = (filename: string) => ({ filename, mime: 'text/plain', bytes: Buffer.from(filename) });
const attachment = (content: Record<string, unknown>, id = 'e'): ExternalEvent => ({
  event_id: id,
  type: 'event.user.attachment.file',
  reactive: true,
  payload: { event: content },
});
const prompt: ExternalEvent = {
  type: 'event.user.prompt',
  reactive: true,
  payload: { event: { text: 'x' } },
};
const names = (files: ReturnType<typeof matchFiles>) =>
  files.map(({ bytes, filename, eventId }) => [bytes.toString(), filename, eventId]);

describe('matchFiles', () => {
  it('takes files in order, named as their events say', () => {
    const events = [attachment({ filename: 'A' }, 'e1'), prompt, attachment({}, 'e2')];
    expect(names(matchFiles(events, [file('a'), file('b')]))).toEqual([
      ['a', 'A', 'e1'],
      ['b', 'b', 'e2'],
    ]);
  });

  it('follows file_index where there is one', () => {
    expect(
      names(
        matchFiles(
          [attachment({ file_index: 1 }, 'e1'), attachment({ file_index: 0 }, 'e2')],
          [file('a'), file('b')],
        ),
      ),
    ).toEqual([
      ['b', 'b', 'e1'],
      ['a', 'a', 'e2'],
    ]);
  });

  it('takes all files of a message that has no attachment events', () => {
    expect(names(matchFiles([prompt], [file('a')]))).toEqual([['a', 'a', undefined]]);
  });

  it.each([
    ['an event without a file', [attachment({ filename: 'lost.pdf' })], [], 'no_file', 'lost.pdf'],
    [
      'an index that points nowhere',
      [attachment({ file_index: 3, filename: 'x' })],
      [file('a')],
      'no_file',
      'x',
    ],
    [
      'two events for one file',
      [attachment({ file_index: 0 }), attachment({ file_index: 0, filename: 'y' })],
      [file('a'), file('b')],
      'file_used_twice',
      'y',
    ],
    ['a file without an event', [attachment({})], [file('a'), file('b')], 'no_event', 'b'],
  ])('refuses %s', (_what, events, files, reason, filename) => {
    expect(() => matchFiles(events, files)).toThrow(
      expect.objectContaining({ code: 'ATTACHMENT_REFUSED', details: { reason, filename } }),
    );
  });
});
