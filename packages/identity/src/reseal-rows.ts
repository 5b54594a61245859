import type { Ids, Service } from '@switchyard/kernel';
import type { SealedRow, SealedRows, Sql } from '@switchyard/store';
import { deriveKeys } from './derive-key.ts';
import type { MasterKeys } from './master-keys.ts';
import { randomBytes } from './random-bytes.ts';
import { seal, unseal, unsealAny } from './seal.ts';

export interface ResealerParts {
  readonly sql: Pick<Sql, 'tryAdvisoryLock'>;
  readonly rows: SealedRows;
  readonly masterKeys: MasterKeys;
  readonly ids: Ids;
  readonly purpose: string;
  /** The context that a row was sealed for. */
  contextOf(row: SealedRow): string;
  readonly lockName: string;
  readonly log: {
    info(message: string, fields: Record<string, unknown>): void;
    warn(message: string, fields: Record<string, unknown>): void;
  };
}

export interface Resealed {
  /** Sealed with the current master key now. */
  readonly anew: number;
  /** Opened by none of the keys that are named. */
  readonly lost: number;
}

const BATCH = 500;
// While a former key is named others may still seal with it: a process that has not been started anew, in its last moments too.
const EVERY_MS = 10 * 60_000;

/**
 * Seals anew what a former master key has sealed, as long as one is named; without one it does nothing. Each row is a compare-and-set and the
 * former key goes on opening it, so it may be killed at any moment; the lock only spares work.
 */
export function createResealer(parts: ResealerParts): Service & { sweep(): Promise<Resealed | undefined> } {
  const { sql, rows, masterKeys, ids, purpose, contextOf, lockName, log } = parts;
  const { current, all } = deriveKeys(masterKeys, purpose);
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  /** Undefined: the current key opens it. False: none does. */
  function sealAnew(row: SealedRow) {
    const context = contextOf(row);
    if (unseal(current, row.sealed, context) !== undefined) return undefined;
    const plain = unsealAny(all, row.sealed, context);
    if (plain === undefined) return false;
    const sealed = seal(current, randomBytes(ids, 12), plain, context);
    return { name: row.name, former: row.sealed, sealed };
  }

  /** Undefined: another process is at it. */
  const sweep = (): Promise<Resealed | undefined> =>
    sql.tryAdvisoryLock(lockName, async (gone) => {
      let [anew, lost] = [0, 0];
      let after: readonly string[] | undefined;
      for (;;) {
        const page = await rows.list(after, BATCH);
        const results = page.map((row) => sealAnew(row));
        lost += results.filter((each) => each === false).length;
        const changed = results.filter((each) => each !== undefined && each !== false);
        if (changed.length > 0) anew += await rows.replace(changed);
        after = page.at(-1)?.name;
        if (page.length < BATCH || gone.aborted || isStopped) break;
      }
      return { anew, lost };
    });

  function run(): void {
    running = sweep().then(
      (done) => {
        if (done === undefined || isStopped) return;
        const { anew, lost } = done;
        if (anew > 0) log.info('sealed anew with the current master key', { purpose, rows: anew });
        if (lost > 0)
          log.warn('no master key that is named opens some of what is sealed', { purpose, rows: lost });
        if (anew === 0 && lost === 0) log.info('nothing is sealed with a former master key', { purpose });
      },
      (error: unknown) => log.warn('could not be sealed anew', { purpose, error }),
    );
  }

  return {
    name: `resealer:${purpose}`,
    sweep,
    async start() {
      if (masterKeys.former.length === 0) return;
      run();
      timer = setInterval(run, EVERY_MS);
      timer.unref();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
    health: () => ({ ok: true }),
  };
}
