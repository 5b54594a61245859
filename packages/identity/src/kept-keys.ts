import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids, Secret } from '@switchyard/kernel';
import { createKeptKeyRows, createSigningKeys } from '@switchyard/store';
import type { KeptKeyRow, Sql } from '@switchyard/store';
import { deriveKey, deriveKeys } from './derive-key.ts';
import { readMasterKeys } from './master-keys.ts';
import type { MasterKeys } from './master-keys.ts';
import { randomBytes } from './random-bytes.ts';
import { seal, unseal } from './seal.ts';

/** What a key is needed for that nothing can be made anew with: it names sessions, or seasons hashes. None of them opens anything. */
const SESSION_NAMES = 'session-id';
const SEASONINGS = ['password-pepper', 'recovery-code'] as const;
export type Seasoning = (typeof SEASONINGS)[number];

/** Each further one is a hash more for every wrong password. */
const MAX_KEPT = 3;

/** Keys of former master keys that go on being used, sealed with the current one. */
export interface KeptKeys {
  /** The first one of the installation: a session is called the same whatever the master key is. Undefined: it is that of the current one. */
  readonly sessionNames: Buffer | undefined;
  /** The current one first, and no more than `MAX_KEPT` and the named ones besides. */
  allOf(purpose: Seasoning): readonly [Buffer, ...Buffer[]];
}

interface KeptKeysParts {
  readonly sql: Sql;
  readonly ids: Ids;
  readonly config: {
    readonly switchyardMasterKey: Secret;
    readonly switchyardMasterKeyFormer?: readonly Secret[] | undefined;
  };
}

/**
 * Proves that the master keys open what is kept, for the start of a service. Where a former one is named and was in use, signing keys are sealed
 * with the current one and what must stay is kept: all of it or nothing, by one process at a time, however often. Throws CONFIG for
 * a master key that is none of this database's.
 */
export async function openKeptKeys({ sql, ids, config }: KeptKeysParts): Promise<KeptKeys> {
  const masterKeys = readMasterKeys(config);
  if (masterKeys.former.length > 0) await takeOver(sql, ids, masterKeys);
  const opened = (await createKeptKeyRows(sql).list()).map((row) => ({
    purpose: row.purpose,
    key: openWith(keysFor(masterKeys), row.sealed, contextOf(row))?.plain,
  }));
  if (opened.some(({ key }) => key === undefined))
    throw PlatformError.of(
      'CONFIG',
      'SWITCHYARD_MASTER_KEY is not the one that sealed the kept keys in the database',
    );
  const keptOf = (purpose: string) =>
    opened.flatMap((row) => (row.purpose === purpose && row.key !== undefined ? [row.key] : []));
  return {
    sessionNames: keptOf(SESSION_NAMES)[0],
    allOf(purpose) {
      const { current, all } = deriveKeys(masterKeys, purpose);
      const others = new Map([...all, ...keptOf(purpose)].map((key) => [key.toString('hex'), key]));
      others.delete(current.toString('hex'));
      return [current, ...others.values()];
    },
  };
}

const keysFor = (masterKeys: MasterKeys): readonly Buffer[] => deriveKeys(masterKeys, 'kept-keys').all;
const contextOf = ({ purpose, fingerprint }: Pick<KeptKeyRow, 'purpose' | 'fingerprint'>): string =>
  `kept:${purpose}:${fingerprint}`;

/** `by` counts the master keys: 0 is the current one. */
function openWith(keys: readonly Buffer[], sealed: Buffer, context: string) {
  for (const [by, key] of keys.entries()) {
    const plain = unseal(key, sealed, context);
    if (plain !== undefined) return { by, plain };
  }
  return undefined;
}

/** One transaction, under the lock that signing keys are made under: who is killed in it has changed nothing. */
function takeOver(sql: Sql, ids: Ids, masterKeys: MasterKeys): Promise<void> {
  return createSigningKeys(sql).underLock(() =>
    sql.tx(async (tx) => {
      const kept = createKeptKeyRows(tx);
      const used = new Set([
        ...(await resealSigningKeys(tx, ids, masterKeys)),
        ...(await resealKept(tx, ids, masterKeys)),
      ]);
      const sealing = deriveKey(masterKeys.current, 'kept-keys');
      const keep = async (purpose: string, former: Secret): Promise<void> => {
        const key = deriveKey(former, purpose);
        const at = { purpose, fingerprint: hashHex(key.toString('hex')).slice(0, 32) };
        await kept.keep({ ...at, sealed: seal(sealing, randomBytes(ids, 12), key, contextOf(at)) });
      };
      for (const former of masterKeys.former.filter((_, index) => used.has(index + 1))) {
        const isNamed = (await kept.list()).some(({ purpose }) => purpose === SESSION_NAMES);
        if (!isNamed) await keep(SESSION_NAMES, former);
        for (const purpose of SEASONINGS) {
          await keep(purpose, former);
          await kept.forgetOldest(purpose, MAX_KEPT);
        }
      }
    }),
  );
}

/** Both return which master keys had sealed something: those were in use here, and others were only named. */
async function resealSigningKeys(tx: Sql, ids: Ids, masterKeys: MasterKeys): Promise<number[]> {
  const { current, all } = deriveKeys(masterKeys, 'signing-keys');
  const rows = createSigningKeys(tx);
  const used: number[] = [];
  for (const { kid, sealed } of await rows.listSealed()) {
    const opened = openWith(all, sealed, kid);
    if (opened === undefined || opened.by === 0) continue;
    await rows.reseal(kid, seal(current, randomBytes(ids, 12), opened.plain, kid));
    used.push(opened.by);
  }
  return used;
}

async function resealKept(tx: Sql, ids: Ids, masterKeys: MasterKeys): Promise<number[]> {
  const { current, all } = deriveKeys(masterKeys, 'kept-keys');
  const rows = createKeptKeyRows(tx);
  const used: number[] = [];
  for (const row of await rows.list()) {
    const opened = openWith(all, row.sealed, contextOf(row));
    if (opened === undefined || opened.by === 0) continue;
    const sealed = seal(current, randomBytes(ids, 12), opened.plain, contextOf(row));
    await rows.reseal({ ...row, sealed });
    used.push(opened.by);
  }
  return used;
}
