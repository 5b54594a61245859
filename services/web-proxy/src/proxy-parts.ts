import type { AnswerDefaults } from './answer-headers.ts';
import type { HeadGuard } from './check-head.ts';
import type { ClientReader } from './client-address.ts';
import type { AddressCounts } from './count-by-address.ts';
import type { Forwarder } from './forwarder.ts';
import type { CarrierPolicy } from './read-carriers.ts';
import type { BodyKind, Upstream } from './route-table.ts';
import type { MatchesSiteHost } from './site-hosts.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { BodyWatch } from './watch-bodies.ts';

/** What all requests and WebSockets have in common. */
export interface ProxyParts {
  readonly forwarder: Forwarder;
  /** Addresses of each service; undefined where there is none of that kind. */
  readonly upstreams: Readonly<Record<Upstream, UpstreamPool | undefined>>;
  /** The token behind a masked cookie; undefined when nobody is signed in with it. Throws UNAVAILABLE. */
  readonly unmask: (cookie: string) => Promise<string | undefined>;
  readonly carriers: CarrierPolicy;
  readonly publicOrigin: string | undefined;
  /** Host names that are sites whatever port they came to. */
  readonly isSiteHost: MatchesSiteHost;
  readonly clients: ClientReader;
  /** Requests under way of clients that a trusted proxy tells of; others are counted by their connections. */
  readonly toldClients: AddressCounts;
  readonly heads: HeadGuard;
  /** Largest body of each kind, in bytes. */
  readonly maxBodyBytes: Readonly<Record<BodyKind, number>>;
  readonly bodies: BodyWatch;
  /** Longest silence of a service, and of a site. */
  readonly idleTimeoutMs: { readonly platform: number; readonly site: number };
  readonly answerDefaults: AnswerDefaults;
  readonly makeRequestId: () => string;
}

/** What a listener is for: the platform, or sites alone. */
export type PortKind = 'platform' | 'sites';
