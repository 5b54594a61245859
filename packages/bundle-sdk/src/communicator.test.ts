import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitText } from './communicator.ts';

test('pieces make up the text again, none is too long, none ends inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 2, max: 9 }), (text, max) => {
      const parts = splitText(text, max);
      expect(parts.join('')).toBe(text);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(max);
        expect(part.isWellFormed()).toBe(true);
      }
    }),
  );
});
