import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import type { PlaceLine } from '@switchyard/kernel';
import {
  DownloadFailed,
  createPredictionLine,
  SourceRefused,
  decodeArchive,
  downloadIfChanged,
  findPredictorEntry,
  nameOfSource,
} from '@switchyard/predict';
import type { Outbound } from '@switchyard/predict';
import { copySource, unpackArchive } from '@switchyard/registry';
import type { BundleStore } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { ProcedureVersionRow, ProcedureVersions, Sql } from '@switchyard/store';
import { LRUCache } from 'lru-cache';
import { SourceUnusable } from './source-unusable.ts';

export interface BringSourcesParts {
  readonly outbound: Outbound;
  readonly bundleStore: Pick<BundleStore, 'publish' | 'fetch' | 'withPlace'>;
  readonly versions: Pick<ProcedureVersions, 'put' | 'use'>;
  readonly sql: Pick<Sql, 'advisoryLock'>;
  readonly lockOf: (versionId: string) => string;
  readonly maxArchiveBytes: number;
  readonly transferMs: number;
  /** How many sources are fetched at once, and how long one more waits for its turn. */
  readonly atOnce: number;
  readonly maxWaiting: number;
  readonly waitMs: number;
}

/** What lay at an address when it was last looked at. */
interface Known {
  readonly tag: string | undefined;
  readonly archiveSha: string;
  readonly versionId: string;
}

const KNOWN_SOURCES = 1000;
/** Two at once may find the same version just removed. */
const TRIES = 5;

/**
 * Makes a version of what lies at an address now. Each call asks the address again: what has the same tag or the same bytes as before is
 * not unpacked again. One flight for all who name the same address at the same time; nothing is locked while it is fetched.
 */
export class BringSources {
  readonly #parts: BringSourcesParts;
  readonly #known = new LRUCache<string, Known>({ max: KNOWN_SOURCES });
  readonly #flights = new Map<string, Promise<ProcedureVersionRow>>();
  readonly #line: PlaceLine;

  constructor(parts: BringSourcesParts) {
    this.#parts = parts;
    this.#line = createPredictionLine({ ...parts, places: () => parts.atOnce });
  }

  /** Rejects SourceUnusable with a sentence for the caller, ApiError 409 where too many are fetched. */
  bring(url: string): Promise<ProcedureVersionRow> {
    // An archive in a data URI is no key to keep.
    const key = createHash('sha256').update(url).digest('hex');
    const flying = this.#flights.get(key);
    if (flying !== undefined) return flying;
    const flight = this.#bring(url, key)
      .catch((error: unknown) => {
        throw tellingSource(url, error);
      })
      .finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }

  async #bring(url: string, key: string): Promise<ProcedureVersionRow> {
    const late = AbortSignal.timeout(this.#parts.transferMs);
    await this.#line.takeOrWait(late);
    try {
      return await this.#parts.bundleStore.withPlace(async (place) => {
        await mkdir(place);
        return this.#bringInto(place, url, key, late);
      });
    } finally {
      this.#line.release();
    }
  }

  async #bringInto(
    place: string,
    url: string,
    key: string,
    signal: AbortSignal,
  ): Promise<ProcedureVersionRow> {
    const known = this.#known.get(key);
    const usable = known === undefined ? undefined : await this.#usable(known);
    const archive = path.join(place, 'archive');
    const tag = usable === undefined ? undefined : known?.tag;
    const got = await this.#fetch(url, archive, tag, signal);
    if (!got.isChanged && usable !== undefined) return usable;
    const archiveSha = await hashOf(archive);
    const newTag = got.isChanged ? got.tag : undefined;
    if (usable !== undefined && archiveSha === known?.archiveSha) {
      this.#known.set(key, { ...known, tag: newTag });
      return usable;
    }
    const source = path.join(place, 'source');
    await unpackArchive(archive, source);
    const row = await this.#publish(source);
    this.#known.set(key, { tag: newTag, archiveSha, versionId: row.version_id });
    return row;
  }

  async #usable({ versionId }: Known): Promise<ProcedureVersionRow | undefined> {
    const { versions, bundleStore } = this.#parts;
    const row = await versions.use(versionId);
    return row !== undefined && (await bundleStore.fetch(versionId)) ? row : undefined;
  }

  async #fetch(url: string, file: string, tag: string | undefined, signal: AbortSignal) {
    if (url.startsWith('data:')) {
      await writeFile(file, decodeArchive(url));
      return { isChanged: true, tag: undefined } as const;
    }
    const { outbound, maxArchiveBytes: maxBytes } = this.#parts;
    try {
      return await downloadIfChanged(new URL(url), file, tag, { outbound, maxBytes, signal });
    } catch (error) {
      if (!(error instanceof DownloadFailed)) throw error;
      throw new SourceRefused(`it cannot be fetched: ${error.message}`, { cause: error });
    }
  }

  /**
   * The copy is made without a lock. It may be there already and be removed in this moment by the clean-up, which holds the version's lock
   * over its row and its folder: so both are looked at under the same lock, and what is gone is made once more.
   */
  async #publish(sourceDir: string): Promise<ProcedureVersionRow> {
    const { bundleStore, versions, sql, lockOf } = this.#parts;
    const entry = await findPredictorEntry(sourceDir).catch((error: unknown) => {
      throw new SourceRefused((error as Error).message, { cause: error });
    });
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const { sha, versionId } = await copySource(
        { sourceDir, bundleStore },
        (hash) => `${PROCEDURES}__${hash}`,
      );
      const row = await sql.advisoryLock(lockOf(versionId), async () =>
        (await bundleStore.fetch(versionId)) ? versions.put({ versionId, sha, entry }) : undefined,
      );
      if (row !== undefined) return row;
    }
    throw PlatformError.of('UNAVAILABLE', 'The version of the procedure was removed again and again.');
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** What the archive is, and what lies at its address, is for the caller to hear; what went wrong here is not. */
function tellingSource(url: string, error: unknown): unknown {
  const isRefused =
    error instanceof SourceRefused || (error instanceof PlatformError && error.code === 'UNPROCESSABLE');
  if (!isRefused) return error;
  return new SourceUnusable(`the source ${nameOfSource(url)} cannot be used: ${error.message}`, {
    cause: error,
  });
}
