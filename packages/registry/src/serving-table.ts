import type { BundleManifest } from '@switchyard/protocol';
import type { BundleVersion } from '@switchyard/runner';

/** A version that can take turns: its host was inspected and warmed. */
export interface ServedBundle {
  version: BundleVersion;
  manifest: BundleManifest;
}

/** The right to use a version. While one is held its host is not retired and its folder not removed. */
export interface BundleHold extends ServedBundle {
  /** Safe to call twice. */
  release(): void;
}

/** Why a version that should serve here does not. The former one, if any, goes on. */
export interface LoadFailure {
  versionId: string;
  error: string;
}

interface Entry {
  served: ServedBundle | undefined;
  failure: LoadFailure | undefined;
}

/**
 * Which version of which bundle serves in this process. A switch is one assignment: whoever holds the old version keeps
 * it until the release, whoever comes after gets the new one, nobody gets a mixture.
 */
export class ServingTable {
  readonly #entries = new Map<string, Entry>();
  readonly #holds = new Map<string, number>();
  readonly #retire: (versionId: string) => void;

  /** @param retire called once for a version that neither serves nor is held any more */
  constructor(retire: (versionId: string) => void) {
    this.#retire = retire;
  }

  get(bundleId: string): ServedBundle | undefined {
    return this.#entries.get(bundleId)?.served;
  }

  failure(bundleId: string): LoadFailure | undefined {
    return this.#entries.get(bundleId)?.failure;
  }

  bundleIds(): string[] {
    return [...this.#entries.keys()];
  }

  all(): ServedBundle[] {
    return [...this.#entries.values()].flatMap(({ served }) => (served === undefined ? [] : [served]));
  }

  serve(bundleId: string, served: ServedBundle): void {
    const former = this.#entries.get(bundleId)?.served;
    this.#entries.set(bundleId, { served, failure: undefined });
    if (former !== undefined && former.version.versionId !== served.version.versionId)
      this.#retireUnused(former);
  }

  fail(bundleId: string, failure: LoadFailure): void {
    this.#entries.set(bundleId, { served: this.#entries.get(bundleId)?.served, failure });
  }

  /** The bundle is gone. What still runs on it may end. */
  drop(bundleId: string): void {
    const former = this.#entries.get(bundleId)?.served;
    this.#entries.delete(bundleId);
    if (former !== undefined) this.#retireUnused(former);
  }

  hold(bundleId: string): BundleHold | undefined {
    const served = this.get(bundleId);
    if (served === undefined) return undefined;
    const { versionId } = served.version;
    this.#holds.set(versionId, (this.#holds.get(versionId) ?? 0) + 1);
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holds.get(versionId) ?? 1) - 1;
      if (left > 0) this.#holds.set(versionId, left);
      else this.#holds.delete(versionId);
      if (this.get(bundleId)?.version.versionId !== versionId) this.#retireUnused(served);
    };
    return { ...served, release };
  }

  /** Versions that serve or are held here. */
  versionsInUse(): string[] {
    const serving = [...this.#entries.values()].flatMap(({ served }) =>
      served === undefined ? [] : [served.version.versionId],
    );
    return [...new Set([...serving, ...this.#holds.keys()])];
  }

  #retireUnused(served: ServedBundle): void {
    const { versionId } = served.version;
    if (!this.#holds.has(versionId)) this.#retire(versionId);
  }
}
