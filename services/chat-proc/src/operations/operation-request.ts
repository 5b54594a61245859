import type { Request, Response } from 'express';
import type { Caller } from '@switchyard/identity';
import type { BundleManifest } from '@switchyard/protocol';

export type OperationManifest = BundleManifest['operations'][string];

/** A request for an operation, its caller known. */
export interface OperationRequest {
  readonly req: Request;
  readonly res: Response;
  readonly caller: Caller;
  /** Without it, the default bundle. */
  readonly bundleId: string | undefined;
  readonly operation: string;
  /** The family of addresses by which it was asked for. */
  readonly route: OperationManifest['route'];
  /** What followed the operation's name in a public address. */
  readonly tail?: string;
}
