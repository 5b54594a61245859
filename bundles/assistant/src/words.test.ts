import { expect, it } from 'vitest';
import { termsOf } from './words.ts';

const words = (text: string) => termsOf(text).map((term) => term.word);

it("takes the product's own name for the subject only where there is no other", () => {
  expect(words('What is Switchyard?')).toEqual(['switchyard']);
  expect(words('How does Switchyard use lanes?')).toEqual(['lanes']);
  expect(words('What is it?')).toEqual([]);
});
