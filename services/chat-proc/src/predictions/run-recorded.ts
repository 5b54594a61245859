import { Prediction, createBundlePredictor, feedWebhook, runPrediction } from '@switchyard/predict';
import type { PredictionView } from '@switchyard/predict';
import type { InvocationUser } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { PredictionName } from '@switchyard/store';
import { z } from 'zod';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { MirroredPrediction } from './mirrored-prediction.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { recordPrediction } from './record-prediction.ts';

/** What a worker needs to run a prediction, as it stands in the row of one that waits. */
export const storedRequestSchema = z.object({
  input: z.record(z.string(), z.unknown()),
  context: z.record(z.string(), z.string()),
  events: z.array(z.enum(['start', 'output', 'logs', 'completed'])),
  outputFilePrefix: z.string().optional(),
  webhook: z.string().optional(),
  trace: z.record(z.string(), z.string()),
  user: z.custom<InvocationUser>(),
  sessionId: z.string().optional(),
});
export type StoredRequest = z.output<typeof storedRequestSchema>;

export interface RecordedRun {
  readonly name: PredictionName;
  readonly fence: string;
  readonly hold: BundleHold;
  readonly shownInput: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly request: StoredRequest;
  /** Resolves when there is a place for it. */
  readonly placed: Promise<void>;
  release(): void;
}

export interface Running {
  readonly prediction: Prediction;
  readonly mirror: MirroredPrediction;
  /** When its row has its end, or is somebody else's. Never rejects. */
  readonly recorded: Promise<PredictionView | undefined>;
}

/** Runs a prediction whose row this worker holds: its code, its row, its webhooks. */
export function runRecorded(parts: PredictionParts, run: RecordedRun): Running {
  const { config, now, outbound, folder, rows, log, clock } = parts;
  const { name, hold, request } = run;
  const prediction = new Prediction({
    id: name.predictionId,
    input: run.shownInput,
    createdAt: run.createdAt,
    maxLogCharacters: config.predictionLog,
    maxReplayBytes: config.predictionEvents,
    now,
  });
  const mirror = new MirroredPrediction({
    id: prediction.id,
    maxReplayCharacters: config.predictionEvents,
    view: () => unended(prediction.view()),
    cancel: () => prediction.cancel(),
  });
  const recorded = recordPrediction(prediction, mirror, run, {
    rows,
    log,
    leaseMs: config.predictionLease,
    maxEventCharacters: config.predictionEvents,
    monotonic: () => clock.monotonic(),
  });
  if (request.webhook !== undefined) void deliver(parts, run, mirror, recorded);
  const predictor = createBundlePredictor({
    schemas: hold.manifest.predict?.schemas ?? {},
    version: hold.version,
    runner: { invoke: (_version, invocation) => invokeHeld(parts.invoker, hold, request, invocation) },
    // What it asks of the platform is answered where it is invoked.
    onCall: () => Promise.reject(new Error('capabilities are the invoker’s to answer')),
  });
  void runPrediction(prediction, {
    config: { predictMs: config.predictionLimit },
    input: request.input,
    context: request.context,
    claim: { acquire: () => Promise.resolve(predictor), release: () => hold.release() },
    secrets: [],
    placed: run.placed,
    release: run.release,
    outputFilePrefix: request.outputFilePrefix,
    outputs: {
      outbound,
      transferMs: config.predictionTransfer,
      uploadUrl: undefined,
      uploadToken: undefined,
    },
    inputs: { outbound, folder, maxFileBytes: config.predictionFile, transferMs: config.predictionTransfer },
  });
  return { prediction, mirror, recorded };
}

type InvocationOf = Parameters<Parameters<typeof createBundlePredictor>[0]['runner']['invoke']>[1];

function invokeHeld(
  invoker: Pick<BundleInvoker, 'run'>,
  hold: BundleHold,
  { user, sessionId }: StoredRequest,
  { name, payload, signal, onEvent, onLog }: InvocationOf,
): Promise<unknown> {
  return invoker.run(hold, {
    kind: 'predict',
    ...(name === undefined ? {} : { name }),
    payload,
    user,
    ...(sessionId === undefined ? {} : { sessionId }),
    timeoutMs: NO_LIMIT_OF_ITS_OWN_MS,
    signal,
    own: { onEvent, onLog },
  });
}

/** What is over and not in its row yet is shown as running: nobody hears of an end that could be lost, or hears of it twice. */
function unended(view: PredictionView): PredictionView {
  return view.completed_at === null
    ? view
    : { ...view, status: 'processing', error: null, completed_at: null };
}

/** The signal ends it at the limit of predictions; a timer of the invocation's own only must not be earlier. */
const NO_LIMIT_OF_ITS_OWN_MS = 2 ** 31 - 1;

/** Those on its way are tried once, from here; the last is kept as background work as soon as the row has the end. */
async function deliver(
  parts: PredictionParts,
  { name, request }: RecordedRun,
  mirror: MirroredPrediction,
  recorded: Promise<PredictionView | undefined>,
): Promise<void> {
  const url = request.webhook ?? '';
  await feedWebhook(mirror, {
    events: request.events,
    everyMs: WEBHOOK_EVERY_MS,
    send: (view) => parts.sendWebhookOnce(url, view, request.trace),
    sendLast: async () => undefined,
  });
  // Nobody's end but the row's: what was taken from this worker is told by whoever ended it.
  const view = await recorded;
  const row = view === undefined ? undefined : await parts.rows.find(name).catch(() => undefined);
  if (row !== undefined) await parts.tellEndOf(row);
}

const WEBHOOK_EVERY_MS = 500;
