import { MASK } from './input-schema.ts';

/** Shorter values stand in many texts by chance: masking them would make logs unreadable and hide nothing. */
const MIN_LENGTH = 4;

/** Takes the values of secrets out of a text that others read: logs and errors. */
export function createSecretMask(values: readonly string[]): (text: string) => string {
  // The longest first: one secret may be a part of another.
  const hidden = values
    .filter((value) => value.length >= MIN_LENGTH)
    .toSorted((one, other) => other.length - one.length);
  return (text) => hidden.reduce((masked, value) => masked.replaceAll(value, MASK), text);
}
