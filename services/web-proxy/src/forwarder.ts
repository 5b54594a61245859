import { createUpgrade } from './forward-upgrade.ts';
import type { Upgrade, UpgradeOptions } from './forward-upgrade.ts';
import { Forwarding } from './forwarding.ts';
import type { Forward } from './forwarding.ts';
import { createUpstreamAgents } from './upstream-agents.ts';
import { createSilenceWatch } from './watch-silence.ts';

export type ForwarderOptions = UpgradeOptions;

export interface Forwarder {
  /** Sends a request on. `end` of what comes back ends the upstream half. */
  forward(forward: Forward): Pick<Forwarding, 'end'>;
  readonly upgrade: Upgrade;
  close(): void;
}

/**
 * Sends requests on over connections that are kept: of several addresses to the least busy one that answers; what reached nobody goes to
 * another; stream headers go out at once; a reading request that met a kept connection which the upstream had just closed is sent once more.
 * WebSockets go over http-proxy, once each, where its cost is nothing against their lives.
 */
export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const agents = createUpstreamAgents({
    connectTimeoutMs: options.connectTimeoutMs,
    now: () => performance.now(),
  });
  const silence = createSilenceWatch();
  const parts = { agents, silence };
  return {
    forward: (forward) => {
      const forwarding = new Forwarding(forward, parts);
      forwarding.start();
      return forwarding;
    },
    upgrade: createUpgrade(options),
    close: () => {
      silence.close();
      agents.close();
    },
  };
};
