import { deriveKey, seal, unseal } from '@switchyard/identity';
import type { Secret } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { PredictionName, WaitingRequest } from '@switchyard/store';
import { storedRequestSchema } from './stored-request.ts';
import type { StoredRequest } from './stored-request.ts';

const IV_BYTES = 12;

export interface RequestSealParts {
  readonly masterKey: Secret;
  readonly scope: TenantProject;
  randomBytes(size: number): Uint8Array;
}

export type RequestSeal = ReturnType<typeof createRequestSeal>;

/** What waiting predictions are run with, as the store may hold it: it has what callers sent in confidence. */
export function createRequestSeal({ masterKey, scope, randomBytes }: RequestSealParts) {
  const key = deriveKey(masterKey, 'prediction-request');
  // What was sealed for one row does not open in another.
  const contextOf = ({ bundleId, userId, predictionId }: PredictionName) =>
    JSON.stringify([scope.tenant, scope.project, bundleId, userId, predictionId]);
  return {
    seal: (name: PredictionName, request: unknown): Uint8Array =>
      seal(key, randomBytes(IV_BYTES), Buffer.from(JSON.stringify(request)), contextOf(name)),
    /** Throws with a sentence for whoever asked for the prediction. Rows of former versions have it open. */
    open(name: PredictionName, { sealed, request }: WaitingRequest): StoredRequest {
      if (sealed === null) return storedRequestSchema.parse(request);
      const text = unseal(key, sealed, contextOf(name));
      if (text === undefined)
        throw new Error('what was sent cannot be opened: the key of the installation changed');
      return storedRequestSchema.parse(JSON.parse(text.toString('utf8')));
    },
  };
}
