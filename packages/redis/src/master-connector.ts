import { Socket, connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import type { DriverOptions } from './driver-options.ts';
import type { MasterFinder } from './master-finder.ts';
import { nameOfNode } from './redis-url.ts';
import type { NodeAddress } from './redis-url.ts';
import { isTooOld } from './server-info.ts';

/** What a connector tells whoever made it. */
export interface MasterTrace {
  /** Where the last connection went. */
  at?: NodeAddress;
}

/** A socket that is given up is closed at once when the other end does not do so itself in this time. */
const DISCONNECT_MS = 200;

/** For the driver's `Connector`: each (re)connect asks anew where the master is. */
export function masterConnector(finder: MasterFinder, isTls: boolean, trace: MasterTrace) {
  return class extends AbstractConnector {
    constructor(_options: unknown) {
      super(DISCONNECT_MS);
    }

    /** A replica, a master that has just been demoted and an old server are left again: nothing of ours was sent there. */
    override check({ role, redis_version: version }: { role?: string; redis_version?: string }): boolean {
      return (role === undefined || role === 'master') && !isTooOld(version ?? '');
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      delete this.firstError;
      try {
        const node = await finder.find();
        trace.at = node;
        this.stream = isTls ? openTls(node) : connectTcp(node);
      } catch (error) {
        this.firstError = reasonOf(error);
        this.stream = new Socket();
      }
      // The driver takes a rejection here for the end, and a socket that is closed already for a failed attempt: it tries again.
      if (!this.connecting || this.firstError !== undefined) this.stream.destroy();
      this.stream.once('error', (error: Error) => (this.firstError = error));
      // The driver listens once. Over TLS a second one may follow, an alert after a certificate that was refused, and would end the process.
      this.stream.on('error', () => undefined);
      return this.stream;
    }
  } as unknown as NonNullable<DriverOptions['Connector']>;
}

function openTls({ host, port }: NodeAddress): Socket {
  return connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

function reasonOf(error: unknown): Error {
  const reasons: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const words = reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason)));
  return new Error(`nobody says where the master is: ${[...new Set(words)].join('; ')}`, { cause: error });
}

export function isSameNode(a: NodeAddress | undefined, b: NodeAddress): boolean {
  return a !== undefined && nameOfNode(a) === nameOfNode(b);
}
