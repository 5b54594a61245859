import { PlatformError } from '@switchyard/kernel';
import { ALREADY_RUNNING, ApiError, isPythonEntry } from '@switchyard/predict';
import type { PythonBundles } from '@switchyard/predict';
import type { BundleManifest } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { BundleVersion, Runner } from '@switchyard/runner';
import { SourceUnusable } from './source-unusable.ts';

export interface ProcedureHostsParts {
  readonly runner: Pick<Runner, 'inspect' | 'retire'>;
  /** Apart from those of bundles: neither takes the other's processes. */
  readonly python: Pick<PythonBundles, 'inspect' | 'retire'>;
  readonly maxVersions: number;
  /** For a place among them. */
  readonly waitMs: number;
  monotonic(): number;
}

interface Open {
  readonly manifest: Promise<BundleManifest>;
  users: number;
  usedAtMs: number;
}

/**
 * The versions of procedures that may have processes in this worker. Who comes for one more takes the place of the idle one that was used
 * longest ago. That is decided in one step that waits for nothing; reading the code is one flight for all who want it.
 */
export class ProcedureHosts {
  readonly #parts: ProcedureHostsParts;
  readonly #open = new Map<string, Open>();
  readonly #waiting = new Set<() => void>();

  constructor(parts: ProcedureHostsParts) {
    this.#parts = parts;
  }

  get isFull(): boolean {
    return this.#busy() >= this.#parts.maxVersions;
  }

  /**
   * The version with its manifest, kept until its release. Rejects ApiError 409 where every place is taken and stays so, SourceUnusable for
   * code that cannot be read or has no predictor, or the signal's reason.
   *
   * @param known what a host said of it before
   */
  async hold(
    version: BundleVersion,
    known: BundleManifest | null,
    options: { readonly mayWait: boolean; readonly signal?: AbortSignal },
  ): Promise<BundleHold> {
    const open = this.#take(version, known) ?? (await this.#wait(version, known, options));
    try {
      const manifest = await open.manifest;
      let isHeld = true;
      const release = (): void => {
        if (isHeld) this.#leave(open);
        isHeld = false;
      };
      return { version, manifest, release };
    } catch (error) {
      // Out before anybody is woken: the next who comes reads it anew.
      if (this.#open.get(version.versionId) === open) this.#close(version.versionId);
      this.#leave(open);
      throw error;
    }
  }

  #take(version: BundleVersion, known: BundleManifest | null): Open | undefined {
    const { versionId } = version;
    const found = this.#open.get(versionId);
    if (found !== undefined) {
      found.users += 1;
      return found;
    }
    if (this.#open.size >= this.#parts.maxVersions && !this.#evict()) return undefined;
    const manifest = known === null ? this.#read(version) : Promise.resolve(known);
    const open = { manifest, users: 1, usedAtMs: this.#parts.monotonic() };
    this.#open.set(versionId, open);
    return open;
  }

  #evict(): boolean {
    const [idle] = [...this.#open]
      .filter(([, { users }]) => users === 0)
      .toSorted(([, one], [, other]) => one.usedAtMs - other.usedAtMs);
    if (idle === undefined) return false;
    this.#close(idle[0]);
    return true;
  }

  #close(versionId: string): void {
    this.#open.delete(versionId);
    this.#parts.python.retire(versionId);
    this.#parts.runner.retire(versionId);
  }

  #leave(open: Open): void {
    open.users -= 1;
    open.usedAtMs = this.#parts.monotonic();
    if (open.users === 0) this.#wake();
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  #busy(): number {
    return [...this.#open.values()].filter(({ users }) => users > 0).length;
  }

  async #wait(
    version: BundleVersion,
    known: BundleManifest | null,
    { mayWait, signal }: { readonly mayWait: boolean; readonly signal?: AbortSignal },
  ): Promise<Open> {
    if (!mayWait) throw new ApiError(409, ALREADY_RUNNING, 'every source that may run has work');
    const { promise, resolve, reject } = Promise.withResolvers<Open>();
    const look = (): void => {
      const open = this.#take(version, known);
      if (open === undefined) return;
      this.#waiting.delete(look);
      resolve(open);
    };
    // Whoever gives up is given nothing after that.
    const giveUp = (error: Error): void => {
      if (this.#waiting.delete(look)) reject(error);
    };
    const late = setTimeout(
      () => giveUp(new ApiError(409, ALREADY_RUNNING, 'waited for too long')),
      this.#parts.waitMs,
    );
    const abort = (): void => giveUp(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiting.add(look);
    if (signal?.aborted === true) abort();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Of its manifest a procedure keeps what predicts: nobody granted it anything of the platform. */
  async #read(version: BundleVersion): Promise<BundleManifest> {
    const { python, runner } = this.#parts;
    try {
      const manifest = isPythonEntry(version.entry)
        ? await python.inspect(version)
        : await runner.inspect(version);
      if (manifest.predict === undefined) throw new Error('there is no predictor in it');
      return { ...manifest, capabilities: [], httpHosts: [], secrets: [] };
    } catch (error) {
      // That it could not be started here is nobody's fault who wrote it.
      if (error instanceof PlatformError && error.code !== 'BUNDLE_ERROR') throw error;
      throw new SourceUnusable(describeFailure(error), { cause: error });
    }
  }
}
