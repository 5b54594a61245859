import { deriveKeys, seal, unsealAny } from '@switchyard/identity';
import type { MasterKeys } from '@switchyard/identity';
import type { TenantProject } from '@switchyard/protocol';
import type { PredictionName, WaitingRequest } from '@switchyard/store';
import { storedRequestSchema } from './stored-request.ts';
import type { StoredRequest } from './stored-request.ts';

const IV_BYTES = 12;

export const PREDICTION_REQUEST = 'prediction-request';
/** What was sealed for one row does not open in another. */
export const requestContext = (
  { tenant, project }: TenantProject,
  { bundleId, userId, predictionId }: PredictionName,
): string => JSON.stringify([tenant, project, bundleId, userId, predictionId]);

export interface RequestSealParts {
  readonly masterKeys: MasterKeys;
  readonly scope: TenantProject;
  randomBytes(size: number): Uint8Array;
}

export type RequestSeal = ReturnType<typeof createRequestSeal>;

/** What waiting predictions are run with, as the store may hold it: it has what callers sent in confidence. */
export function createRequestSeal({ masterKeys, scope, randomBytes }: RequestSealParts) {
  const keys = deriveKeys(masterKeys, PREDICTION_REQUEST);
  return {
    seal: (name: PredictionName, request: unknown): Uint8Array =>
      seal(
        keys.current,
        randomBytes(IV_BYTES),
        Buffer.from(JSON.stringify(request)),
        requestContext(scope, name),
      ),
    /** Throws with a sentence for whoever asked for the prediction. Rows of former versions have it open. */
    open(name: PredictionName, { sealed, request }: WaitingRequest): StoredRequest {
      if (sealed === null) return storedRequestSchema.parse(request);
      const text = unsealAny(keys.all, sealed, requestContext(scope, name));
      if (text === undefined)
        throw new Error('what was sent cannot be opened: the key of the installation changed');
      return storedRequestSchema.parse(JSON.parse(text.toString('utf8')));
    },
  };
}
