import { json } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface SigningKeyRow {
  kid: string;
  /** The private key, sealed by whoever wrote it. */
  sealed: Buffer;
  public_jwk: Record<string, unknown>;
  retired_at: Date | null;
  /** Since it was made, by the clock of the database, when the row was read. */
  age_ms: number;
}

// A retired key verifies what it signed until that has run out; the reader decides how long that is.
const LIST_KEYS = {
  name: 'signingKey.list',
  text: `select kid, sealed, public_jwk, retired_at, (extract(epoch from now() - created_at) * 1000)::float8 as age_ms
    from signing_key
    where retired_at is null or retired_at > now() - make_interval(secs => $1) order by created_at desc, kid`,
};
const ADD_KEY = {
  name: 'signingKey.add',
  text: 'insert into signing_key (kid, sealed, public_jwk) values ($1, $2, $3::jsonb)',
};
const RETIRE_OTHERS = {
  name: 'signingKey.retireOthers',
  text: 'update signing_key set retired_at = now() where kid <> $1 and retired_at is null returning kid',
};
const LIST_SEALED = {
  name: 'signingKey.listSealed',
  text: 'select kid, sealed from signing_key order by created_at desc, kid for update',
};
const RESEAL = {
  name: 'signingKey.reseal',
  text: 'update signing_key set sealed = $2 where kid = $1',
};

export type SigningKeys = ReturnType<typeof createSigningKeys>;

/** Keys are of the database and not of a scope: a token names its scope in its audience. */
export function createSigningKeys(sql: Sql) {
  return {
    /** Newest first; retired ones for so many seconds longer. */
    list: (retiredForSec: number) => sql.query<SigningKeyRow>({ ...LIST_KEYS, values: [retiredForSec] }),
    async add(key: { kid: string; sealed: Uint8Array; publicJwk: Record<string, unknown> }): Promise<void> {
      await sql.query({ ...ADD_KEY, values: [key.kid, Buffer.from(key.sealed), json(key.publicJwk)] });
    },
    async retireOthers(kid: string): Promise<string[]> {
      return (await sql.query<{ kid: string }>({ ...RETIRE_OTHERS, values: [kid] })).map((row) => row.kid);
    },
    /** All of them, however long they are retired; nobody else changes them before the transaction ends. */
    listSealed: () => sql.query<Pick<SigningKeyRow, 'kid' | 'sealed'>>(LIST_SEALED),
    async reseal(kid: string, sealed: Uint8Array): Promise<void> {
      await sql.query({ ...RESEAL, values: [kid, Buffer.from(sealed)] });
    },
    /** One process at a time makes a key. */
    underLock: <T>(run: () => Promise<T>): Promise<T> => sql.advisoryLock('switchyard:signing-keys', run),
  };
}
