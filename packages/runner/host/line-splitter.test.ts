import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

test('gives the same lines however the bytes are cut', () => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const splitter = new LineSplitter(10_000);
      const found: string[] = [];
      for (let start = 0, cut = 0; start < bytes.length; cut += 1) {
        const size = cuts[cut % cuts.length] ?? 1;
        found.push(...splitter.push(bytes.subarray(start, start + size)));
        start += size;
      }
      expect(found).toEqual(lines.map((text) => Buffer.from(text).toString()));
    }),
  );
});

test('refuses a line beyond its bound, in one piece or in many', () => {
  expect(() => new LineSplitter(4).push(Buffer.from('12345\n'))).toThrow(RangeError);
  const splitter = new LineSplitter(4);
  splitter.push(Buffer.from('123'));
  expect(() => splitter.push(Buffer.from('45'))).toThrow(RangeError);
  expect(new LineSplitter(4).push(Buffer.from('1234\n5678\n'))).toEqual(['1234', '5678']);
});
