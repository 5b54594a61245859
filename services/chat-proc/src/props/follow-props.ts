import { isDeepStrictEqual } from 'node:util';
import type { BundleManifest } from '@switchyard/protocol';
import type { Runner } from '@switchyard/runner';
import type { BundleProps } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { fitProps } from './fit-props.ts';
import type { FittedProps } from './fit-props.ts';

export interface FollowPropsParts {
  readonly props: Pick<BundleProps, 'list'>;
  readonly runner: Pick<Runner, 'setProps'>;
  readonly log: Log;
}

/** The manifest of the version that serves here. */
export type ManifestOf = (bundleId: string) => BundleManifest | undefined;

/**
 * Tells hosts what the rows say of their props. Called before each reading of the registry, so that a host that starts has
 * them, and after one that brought another version, which may take others of them.
 */
export function createPropsFollower({ props, runner, log }: FollowPropsParts) {
  const told = new Map<string, unknown>();
  const refused = new Map<string, FittedProps['problems']>();
  /** Said once for each change of what does not fit; the bundle's own log has it too. */
  const report = (bundleId: string, problems: FittedProps['problems']): void => {
    if (isDeepStrictEqual(refused.get(bundleId) ?? [], problems)) return;
    refused.set(bundleId, problems);
    if (problems.length === 0) return;
    const reason = problems.map(({ name, message }) => `${name} (${message})`).join(', ');
    log.warn('props do not fit the version that serves and are kept for one that they fit', {
      bundle_id: bundleId,
      reason,
    });
  };
  return {
    async apply(manifestOf: ManifestOf): Promise<void> {
      for (const row of await props.list()) {
        const manifest = manifestOf(row.bundle_id);
        const fitted = manifest === undefined ? undefined : fitProps(row.props, manifest);
        const applied = fitted?.applied ?? row.props;
        if (fitted !== undefined) report(row.bundle_id, fitted.problems);
        if (isDeepStrictEqual(told.get(row.bundle_id), applied)) continue;
        // Before it is told: a bundle that refuses is not asked again and again, it keeps what it had.
        told.set(row.bundle_id, applied);
        await runner
          .setProps(row.bundle_id, applied)
          .catch((error: unknown) =>
            log.warn('a bundle refused its props', { bundle_id: row.bundle_id, error }),
          );
      }
    },
    /** What of a bundle's props the version that serves does not take, as of the last reading. */
    problems: (bundleId: string): FittedProps['problems'] => refused.get(bundleId) ?? [],
    /** Hosts were told these by somebody else. */
    note: (bundleId: string, applied: unknown): void => void told.set(bundleId, applied),
    /** It is not known what hosts were told: the next reading tells them again. */
    forget: (bundleId: string): void => void told.delete(bundleId),
  };
}
export type PropsFollower = ReturnType<typeof createPropsFollower>;
