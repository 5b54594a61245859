import { argon2, timingSafeEqual } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';

/** Passwords as they are kept: argon2id, in PHC form, with a key that is not in the database. */
export interface PasswordHasher {
  /** `like`, a hash of ours: with its salt and at its cost, so that one text has one hash and can be looked for. Throws for what is none. */
  hash(password: string, like?: string): Promise<string>;
  /** The same with each pepper, the current one first; one after another, as they are asked for. */
  hashEach(password: string, like: string): AsyncGenerator<string>;
  /**
   * What does not fit takes the same time whether there is a hash or not, so that the time does not tell which accounts there are. False
   * too for a hash that cannot be read. `former`: it fits by a pepper from before, and should be made anew.
   */
  verify(password: string, hash: string | null): Promise<'current' | 'former' | false>;
}

interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** What OWASP asks of argon2id: 19 MiB, two passes. Measured on a busy core: 72 ms. */
const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{43})$/;

export interface HasherParts {
  readonly ids: Ids;
  /** Of the master key: a copy of the database alone cannot be guessed at. The first is for new hashes, the others for those from before. */
  readonly peppers: readonly [Buffer, ...Buffer[]];
  readonly atOnce: number;
  readonly queue: number;
}

export function createPasswordHasher({ ids, peppers, atOnce, queue }: HasherParts): PasswordHasher {
  const inTurn = createTurnstile(atOnce, queue);
  const nothing = formatPhc(COST, Buffer.alloc(SALT_BYTES), Buffer.alloc(HASH_BYTES));

  const compute = (password: string, nonce: Buffer, cost: Cost, pepper = peppers[0]): Promise<Buffer> =>
    inTurn(
      () =>
        new Promise((resolve, reject) => {
          // The same letters may come composed or not, as the keyboard likes.
          const message = password.normalize('NFKC');
          argon2(
            'argon2id',
            { message, nonce, tagLength: HASH_BYTES, secret: pepper, ...cost },
            (error, key) => (error === null ? resolve(key) : reject(error)),
          );
        }),
    );

  return {
    async hash(password, like) {
      const known = like === undefined ? undefined : readPhc(like);
      if (like !== undefined && known === undefined) throw new Error('not a hash of ours');
      const { salt, cost } = known ?? { salt: Buffer.from(ids.token(SALT_BYTES), 'base64url'), cost: COST };
      return formatPhc(cost, salt, await compute(password, salt, cost));
    },
    async *hashEach(password, like) {
      const known = readPhc(like);
      if (known === undefined) throw new Error('not a hash of ours');
      for (const pepper of peppers)
        yield formatPhc(known.cost, known.salt, await compute(password, known.salt, known.cost, pepper));
    },
    async verify(password, hash) {
      const known = readPhc(hash ?? nothing) ?? readPhc(nothing);
      if (known === undefined) return false;
      for (const pepper of peppers) {
        const computed = await compute(password, known.salt, known.cost, pepper);
        if (timingSafeEqual(computed, known.key) && hash !== null)
          return pepper === peppers[0] ? 'current' : 'former';
      }
      return false;
    },
  };
}

/** At most `atOnce` run, at most `queue` wait; who comes after them is told so at once. */
function createTurnstile(atOnce: number, queue: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (waiting.length >= queue)
        throw PlatformError.of('UNAVAILABLE', 'Too many people sign in right now.');
      // Its place is handed on by the one that ends: nobody slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

function formatPhc({ memory, passes, parallelism }: Cost, salt: Buffer, key: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(key)}`;
}

function readPhc(text: string): { cost: Cost; salt: Buffer; key: Buffer } | undefined {
  const [, memory, passes, parallelism, salt, key] = PHC.exec(text) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
}
