import type { Sql } from './sql.ts';

/** A key of a former master key, sealed by whoever keeps it. */
export interface KeptKeyRow {
  purpose: string;
  fingerprint: string;
  sealed: Buffer;
}

const LIST = {
  name: 'keptKey.list',
  text: 'select purpose, fingerprint, sealed from kept_key order by kept_at desc, purpose, fingerprint',
};
const KEEP = {
  name: 'keptKey.keep',
  text: 'insert into kept_key (purpose, fingerprint, sealed) values ($1, $2, $3) on conflict do nothing',
};
const RESEAL = {
  name: 'keptKey.reseal',
  text: 'update kept_key set sealed = $3 where purpose = $1 and fingerprint = $2',
};
const FORGET_OLDEST = {
  name: 'keptKey.forgetOldest',
  text: `delete from kept_key where purpose = $1 and fingerprint not in
    (select fingerprint from kept_key where purpose = $1 order by kept_at desc, fingerprint limit $2)`,
};

/** Of the database and not of a scope, like the signing keys. To be written in a transaction under their lock. */
export function createKeptKeyRows(sql: Pick<Sql, 'query'>) {
  return {
    /** The last one that was kept first. */
    list: () => sql.query<KeptKeyRow>(LIST),
    /** One that is kept already stays as it is. */
    async keep({ purpose, fingerprint, sealed }: KeptKeyRow): Promise<void> {
      await sql.query({ ...KEEP, values: [purpose, fingerprint, sealed] });
    },
    async reseal({ purpose, fingerprint, sealed }: KeptKeyRow): Promise<void> {
      await sql.query({ ...RESEAL, values: [purpose, fingerprint, sealed] });
    },
    async forgetOldest(purpose: string, left: number): Promise<void> {
      await sql.query({ ...FORGET_OLDEST, values: [purpose, left] });
    },
  };
}
