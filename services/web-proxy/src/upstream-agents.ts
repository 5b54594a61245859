import { UpstreamAgent } from './upstream-agent.ts';
import type { UpstreamAgentOptions } from './upstream-agent.ts';
import type { UpstreamAddress } from './upstream-pool.ts';

export interface UpstreamAgents {
  of(address: UpstreamAddress): UpstreamAgent;
  close(): void;
}

/** The connections to all addresses. */
export const createUpstreamAgents = (options: UpstreamAgentOptions): UpstreamAgents => {
  const agents = new Map<UpstreamAddress, UpstreamAgent>();
  return {
    of: (address) => {
      let agent = agents.get(address);
      if (agent === undefined) agents.set(address, (agent = new UpstreamAgent(address, options)));
      return agent;
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
};
