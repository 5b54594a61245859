import type { TenantProject } from '@switchyard/protocol';
import type { SecretFolder } from './secret-name.ts';

/** Who holds a token. */
export type ServiceName = 'chat-proc' | 'operator';
export type Action = 'read' | 'write' | 'list';
export type Verdict = 'allowed' | 'forbidden' | 'foreign-scope';

const MAY: Record<ServiceName, readonly Action[]> = {
  // Runs bundles, and is where an admin's console writes.
  'chat-proc': ['read', 'write', 'list'],
  // Pushes from a sealed file or a Docker secret; a leaked push token gives nothing away.
  operator: ['write', 'list'],
};

/**
 * The rules of 07. `bundle` is what the caller says it runs: reading one bundle's secrets in the name of another is refused, so
 * a mix-up inside proc shows up here; the platform's own secrets are never read in a bundle's name.
 */
export function decideAccess(asked: {
  service: ServiceName;
  action: Action;
  folder: SecretFolder;
  bundle: string | undefined;
  scope: TenantProject;
}): Verdict {
  const { service, action, folder, bundle, scope } = asked;
  if (!MAY[service].includes(action)) return 'forbidden';
  if (folder.kind !== 'platform' && (folder.tenant !== scope.tenant || folder.project !== scope.project))
    return 'foreign-scope';
  if (action !== 'read') return 'allowed';
  const owner = folder.kind === 'platform' ? undefined : folder.bundle;
  return owner === bundle ? 'allowed' : 'forbidden';
}
