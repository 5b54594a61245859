import path from 'node:path';
import type { Outbound, PythonBundles } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import type { BundleVersion, Runner } from '@switchyard/runner';
import { PROCEDURES, createProcedureVersions } from '@switchyard/store';
import type { PredictionRow, ProcedureVersionRow } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { BringSources } from './bring-sources.ts';
import { procedureLock } from './clean-up-procedures.ts';
import { ProcedureHosts } from './procedure-hosts.ts';
import { SourceUnusable } from './source-unusable.ts';

/** What a call of a procedure is about to run. */
export interface HeldProcedure extends BundleHold {
  /** Of its content, 64 hex characters. */
  readonly sha: string;
}

export interface Procedures {
  readonly python: PythonBundles;
  readonly isFull: boolean;
  /**
   * What lies at the address now, as a version that its host has read. `isDetached`: what is known of it is enough, somebody else runs it.
   * Rejects SourceUnusable or ApiError 409.
   */
  hold(url: string, options: { mayWait: boolean; isDetached: boolean }): Promise<HeldProcedure>;
  /** The very version that a row names. Undefined: it is nowhere any more. */
  holdOf(
    row: Pick<PredictionRow, 'version_id'>,
    options: { mayWait: boolean; signal: AbortSignal },
  ): Promise<BundleHold | undefined>;
}

/** Procedures of this worker; undefined where nobody may run any. */
export function openProcedures(
  base: Base,
  config: ProcConfig,
  {
    runner,
    python,
    outbound,
  }: {
    readonly runner: Pick<Runner, 'inspect' | 'retire'>;
    readonly python: PythonBundles | undefined;
    readonly outbound: Outbound;
  },
): Procedures | undefined {
  if (python === undefined) return undefined;
  const { sql, bundleStore, clock } = base;
  const versions = createProcedureVersions(sql, base.scope);
  const hosts = new ProcedureHosts({
    runner,
    python,
    maxVersions: config.procedureHosts,
    waitMs: config.predictionWait,
    monotonic: () => clock.monotonic(),
  });
  const sources = new BringSources({
    outbound,
    bundleStore,
    versions,
    sql,
    lockOf: (versionId) => procedureLock(base.scope, versionId),
    maxArchiveBytes: config.procedureArchive,
    transferMs: config.predictionTransfer,
    atOnce: config.procedureHosts,
    maxWaiting: config.predictionLine,
    waitMs: config.predictionWait,
  });
  const versionOf = ({ version_id: versionId, entry }: ProcedureVersionRow): BundleVersion => ({
    bundleId: PROCEDURES,
    versionId,
    dir: path.join(bundleStore.dir, versionId),
    entry,
  });
  const held = async (
    row: ProcedureVersionRow,
    options: { mayWait: boolean; signal?: AbortSignal },
  ): Promise<HeldProcedure> => {
    const hold = await hosts.hold(versionOf(row), row.manifest, options);
    try {
      if (row.manifest === null) await versions.describe(row.version_id, hold.manifest);
      return { ...hold, sha: row.sha };
    } catch (error) {
      hold.release();
      throw error;
    }
  };
  return {
    python,
    get isFull() {
      return hosts.isFull;
    },
    async hold(url, { mayWait, isDetached }) {
      const row = await sources.bring(url);
      if (isDetached && row.manifest !== null) {
        const { manifest, sha } = row;
        return { version: versionOf(row), manifest, sha, release: () => undefined };
      }
      return held(row, { mayWait: mayWait || isDetached });
    },
    async holdOf({ version_id: versionId }, options) {
      const row = versionId === null ? undefined : await versions.use(versionId);
      if (row === undefined) return undefined;
      if (await bundleStore.fetch(row.version_id)) return held(row, options);
      throw new SourceUnusable('its version is not in the bundle store of this worker');
    },
  };
}
