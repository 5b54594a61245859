import { describe, expect, it } from 'vitest';
import { decideAttachmentType, looksLikeText } from './attachment-type.ts';
import { cleanFilename } from './store-attachments.ts';

describe('decideAttachmentType', () => {
  it.each([
    ['image/png', 'image/png', false, { kind: 'image', mime: 'image/png' }],
    ['', 'image/jpeg', false, { kind: 'image', mime: 'image/jpeg' }],
    ['application/octet-stream', 'application/pdf', false, { kind: 'pdf', mime: 'application/pdf' }],
    ['text/csv; charset=utf-8', undefined, true, { kind: 'file', mime: 'text/csv' }],
    ['application/x-anything', undefined, true, { kind: 'file', mime: 'text/plain' }],
    ['text/plain', undefined, false, { kind: 'file', mime: 'application/octet-stream' }],
    ['text/plain', 'application/zip', false, { kind: 'file', mime: 'application/zip' }],
    ['text/html', 'image/png', false, { kind: 'image', mime: 'image/png' }],
    ['image/svg+xml', 'application/xml', true, { kind: 'image', mime: 'image/svg+xml' }],
    [
      'image/png',
      'application/x-msdownload',
      false,
      { refused: 'type_mismatch', claimed: 'image/png', found: 'application/x-msdownload' },
    ],
    ['image/png', undefined, true, { refused: 'type_mismatch', claimed: 'image/png', found: 'text/plain' }],
    [
      'application/pdf',
      undefined,
      true,
      { refused: 'type_mismatch', claimed: 'application/pdf', found: 'text/plain' },
    ],
  ])('a claim of %j with content %j', (claimed, sniffed, isText, expected) => {
    expect(decideAttachmentType(claimed, sniffed, isText)).toEqual(expected);
  });
});

it('knows text', () => {
  expect([
    looksLikeText(Buffer.from('äöü')),
    looksLikeText(Buffer.from('a\0b')),
    looksLikeText(Buffer.from([0xff, 0xfe])),
  ]).toEqual([true, false, false]);
  expect(looksLikeText(Buffer.from('äöü').subarray(0, 3))).toBe(true);
});

it.each([
  ['../../etc/passwd', 'passwd'],
  ['C:\\x\\bad\r\n.txt', 'bad.txt'],
  ['..', ''],
  ['  a  ', 'a'],
  ['gpj.\u202Eexe', 'gpj.exe'],
])('makes a name of %j', (given, expected) => {
  expect(cleanFilename(given)).toBe(expected);
});
