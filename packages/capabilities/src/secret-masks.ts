const MASK = '***';
/** Shorter ones would blot out ordinary words. */
const MIN_CHARACTERS = 6;
/** Of one bundle; the oldest go. */
const MAX_VALUES = 200;
const MAX_DEPTH = 200;

export interface SecretMasks {
  /** A value that the bundle was given. */
  learn(bundleId: string, value: string): void;
  /** The same, with each known value of the bundle as `***` in every text of it. Itself where nothing is known. */
  masked<T>(bundleId: string, value: T): T;
}

/**
 * What this process handed out to bundles, so that it can be taken out of what they write. By accident, that is: a bundle that wants to
 * tell a secret spells it differently.
 */
export function createSecretMasks(): SecretMasks {
  const known = new Map<string, Set<string>>();
  return {
    learn(bundleId, value) {
      if (value.length < MIN_CHARACTERS) return;
      const values = known.get(bundleId) ?? new Set<string>();
      known.set(bundleId, values);
      // In JSON texts, as most of what is logged is, quotes and line ends are written otherwise.
      for (const spelled of new Set([value, JSON.stringify(value).slice(1, -1)])) {
        values.delete(spelled);
        values.add(spelled);
      }
      for (const oldest of values) if (values.size > MAX_VALUES) values.delete(oldest);
    },
    masked(bundleId, value) {
      const values = known.get(bundleId);
      if (values === undefined) return value;
      // Longest first: of a value that holds another one nothing is left over.
      const longestFirst = [...values].toSorted((a, b) => b.length - a.length);
      return maskIn(value, longestFirst, 0) as typeof value;
    },
  };
}

function maskIn(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === 'string') {
    let text = value;
    for (const secret of secrets) if (text.includes(secret)) text = text.replaceAll(secret, MASK);
    return text;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  // Deeper than anything that is looked at by people, and cheaper than following it.
  if (depth >= MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((one) => maskIn(one, secrets, depth + 1));
  const pairs = Object.entries(value).map(([key, one]): [string, unknown] => [
    maskIn(key, secrets, depth) as string,
    maskIn(one, secrets, depth + 1),
  ]);
  return Object.fromEntries(pairs);
}
