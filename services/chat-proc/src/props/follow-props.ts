import type { BundleManifest } from '@switchyard/protocol';
import type { Runner } from '@switchyard/runner';
import type { BundleProps } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { fitProps } from './fit-props.ts';

export interface FollowPropsParts {
  readonly props: Pick<BundleProps, 'list'>;
  readonly runner: Pick<Runner, 'setProps'>;
  readonly log: Log;
}

/** The manifest of the version that serves here. */
export type ManifestOf = (bundleId: string) => BundleManifest | undefined;

/**
 * Tells hosts what the rows say of their props. Called before and after each reading of the registry: before, so that a host that starts
 * has them; after, because another version may take others of them.
 */
export function createPropsFollower({ props, runner, log }: FollowPropsParts) {
  const told = new Map<string, string>();
  return {
    async apply(manifestOf: ManifestOf): Promise<void> {
      for (const row of await props.list()) {
        const manifest = manifestOf(row.bundle_id);
        const applied = manifest === undefined ? row.props : fitProps(row.props, manifest).applied;
        const text = JSON.stringify(applied);
        if (told.get(row.bundle_id) === text) continue;
        // Before it is told: a bundle that refuses is not asked again and again, it keeps what it had.
        told.set(row.bundle_id, text);
        await runner
          .setProps(row.bundle_id, applied)
          .catch((error: unknown) =>
            log.warn('a bundle refused its props', { bundle_id: row.bundle_id, error }),
          );
      }
    },
    /** Hosts were told something else. */
    forget: (bundleId: string): void => void told.delete(bundleId),
  };
}
export type PropsFollower = ReturnType<typeof createPropsFollower>;
