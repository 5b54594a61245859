import { hostOf, requireAllowed } from '@switchyard/capabilities';
import { RefusedAddress, createOutbound } from '@switchyard/predict';
import type { Outbound } from '@switchyard/predict';
import type { ProcConfig } from '../env.ts';

/** Where a client's addresses may lead from here: what the operator lets bundles reach, and of that nothing that is not public. */
export function createAllowedOutbound({
  httpAllowedHosts: allowed,
  httpPrivateHosts: privateHosts,
}: Pick<ProcConfig, 'httpAllowedHosts' | 'httpPrivateHosts'>): Outbound {
  const outbound = createOutbound(privateHosts);
  return {
    async send(url, request) {
      try {
        requireAllowed(url, { asked: [hostOf(url)], allowed, privateHosts });
      } catch (error) {
        throw new RefusedAddress((error as Error).message, { cause: error });
      }
      return outbound.send(url, request);
    },
    close: () => outbound.close(),
  };
}
