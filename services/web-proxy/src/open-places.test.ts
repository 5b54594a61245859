import { expect, test } from 'vitest';
import { OpenPlaces } from './open-places.ts';

test('a place goes to the next one, and who had it touches nothing', () => {
  const open = new OpenPlaces<{ name: string }>();
  const [one, two, three] = [{ name: 'one' }, { name: 'two' }, { name: 'three' }];
  const names = (): string[] => {
    const found: string[] = [];
    open.forEach(({ name }) => void found.push(name));
    return found;
  };
  const [first, second] = [open.add(one), open.add(two)];
  open.delete(first, one);
  expect(names()).toEqual(['two']);
  expect(open.add(three)).toBe(first);
  open.delete(first, one);
  expect(names()).toEqual(['three', 'two']);
  // In the middle of a look, too.
  open.forEach((value, place) => open.delete(place, value));
  expect(names()).toEqual([]);
  open.delete(second, two);
  expect(new Set([open.add(one), open.add(two)])).toEqual(new Set([0, 1]));
});
