import {
  isoTime,
  makePredictionId,
  maskSecrets,
  maskTexts,
  readContext,
  readInput,
} from '@switchyard/predict';
import type { JsonObject, PredictionRequest, TraceHeaders } from '@switchyard/predict';
import { bundleManifestSchema } from '@switchyard/protocol';
import type { InvocationUser } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { PredictionName } from '@switchyard/store';
import type { PredictionParts } from './prediction-parts.ts';
import type { StoredRequest } from './stored-request.ts';

/** Who asks for a prediction of which bundle, or of `PROCEDURES`. */
export interface PredictionCaller {
  readonly bundleId: string;
  readonly user: InvocationUser;
  readonly sessionId: string | undefined;
}

/** A request whose prediction has a name: whoever writes it down can say which one it is. */
export type NamedRequest = PredictionRequest & { readonly id: string };

/** Of a source that could not be used. */
export const NOTHING_HELD: BundleHold = {
  version: { bundleId: PROCEDURES, versionId: '', dir: '', entry: '' },
  manifest: bundleManifestSchema.parse({ v: 1, id: 'procedure', name: 'procedure', hasTurns: false }),
  release: () => undefined,
};

export function withId(
  request: PredictionRequest,
  { now, randomBytes }: Pick<PredictionParts, 'now' | 'randomBytes'>,
): NamedRequest {
  return { ...request, id: request.id ?? makePredictionId(Math.floor(now()), randomBytes) };
}

/** Its row and what it is run with. Throws ApiError 400. */
export function makeRecorded(
  now: () => number,
  caller: PredictionCaller,
  request: NamedRequest,
  hold: BundleHold,
  trace: TraceHeaders,
) {
  const schemas = hold.manifest.predict?.schemas;
  const input = readInput(request.input, schemas);
  const name = nameOf(caller, request.id);
  // Where nobody knows the schema, any text could be a secret.
  const shownInput = schemas === undefined ? (maskTexts(input) as JsonObject) : maskSecrets(schemas, input);
  const createdAt = request.createdAt ?? isoTime(now());
  const stored: StoredRequest = {
    input,
    context: readContext(request.context),
    events: [...request.events],
    ...(request.outputFilePrefix === undefined ? {} : { outputFilePrefix: request.outputFilePrefix }),
    ...(request.webhook === undefined ? {} : { webhook: request.webhook }),
    trace,
    user: caller.user,
    ...(caller.sessionId === undefined ? {} : { sessionId: caller.sessionId }),
  };
  const { versionId } = hold.version;
  const row = {
    ...name,
    versionId: versionId === '' ? undefined : versionId,
    input: shownInput,
    webhook: lastWebhookOf(request, trace),
    shownCreatedAt: createdAt,
    shownStartedAt: isoTime(now()),
    maxAttempts: hold.manifest.predict?.attempts ?? 1,
  };
  return { name, shownInput, createdAt, request: stored, row };
}

export function nameOf({ bundleId, user }: PredictionCaller, predictionId: string): PredictionName {
  return { bundleId, userId: user.user_id, predictionId };
}

function lastWebhookOf({ webhook: url, events }: PredictionRequest, trace: TraceHeaders) {
  return url === undefined || !events.includes('completed') ? undefined : { url, headers: { ...trace } };
}
