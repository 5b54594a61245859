import {
  Prediction,
  createBundlePredictor,
  feedWebhook,
  isPythonEntry,
  runPrediction,
} from '@switchyard/predict';
import type { PredictionView, RunningPredictor } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { PredictionName } from '@switchyard/store';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { followRow } from './follow-row.ts';
import { MirroredPrediction } from './mirrored-prediction.ts';
import { viewOf } from './prediction-view.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { recordPrediction } from './record-prediction.ts';
import type { StoredRequest } from './stored-request.ts';

export interface RecordedRun {
  readonly name: PredictionName;
  readonly fence: string;
  readonly hold: BundleHold;
  readonly shownInput: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly request: StoredRequest;
  /** What a worker that died left of it. */
  readonly former?: { readonly logs: string; readonly lastEvent: number; readonly line: string };
  /** Resolves when there is a place for it. */
  readonly placed: Promise<void>;
  release(): void;
}

export interface Running {
  readonly prediction: Prediction;
  readonly mirror: MirroredPrediction;
  /** When its row has its end, or is somebody else's. Never rejects. */
  readonly recorded: Promise<PredictionView | undefined>;
  /** Ends it here and lets somebody else begin it again. False: it may not be. Never rejects. */
  giveBack(): Promise<boolean>;
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
    ...(run.former === undefined ? {} : { former: run.former }),
    now,
  });
  if (run.former !== undefined) prediction.log(run.former.line);
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
  void recorded.then((view) =>
    view === undefined ? followOn(parts, name, mirror, () => prediction.view()) : undefined,
  );
  const predictor = predictorOf(parts, hold, request);
  void runPrediction(prediction, {
    config: { predictMs: config.predictionLimit },
    input: request.input,
    context: request.context,
    claim: { acquire: () => Promise.resolve(predictor), release: () => hold.release() },
    secrets: secretsOf(run),
    placed: run.placed,
    release: run.release,
    mayBeginAgain: () => beginAgain(parts, run),
    outputFilePrefix: request.outputFilePrefix,
    outputs: {
      outbound,
      transferMs: config.predictionTransfer,
      uploadUrl: undefined,
      uploadToken: undefined,
    },
    inputs: { outbound, folder, maxFileBytes: config.predictionFile, transferMs: config.predictionTransfer },
  });
  return {
    prediction,
    mirror,
    recorded,
    async giveBack() {
      const row = await rows.giveBack(name, run.fence).catch(() => undefined);
      if (row === undefined) return false;
      await parts.addJob(row);
      prediction.cancel();
      return true;
    },
  };
}

/** Clients of a row that is not this worker's any more go on by it: somebody else ends it, or runs it again. */
async function followOn(
  { rows, log, config, closing }: PredictionParts,
  name: RecordedRun['name'],
  mirror: MirroredPrediction,
  lastView: () => PredictionView,
): Promise<void> {
  const row = await rows.find(name).catch(() => undefined);
  const error = 'the worker that ran it lost its lease';
  const lose = () => mirror.end({ ...lastView(), status: 'failed', error });
  if (row === undefined || closing.aborted) return lose();
  const follow = { rows, log, maxReplayCharacters: config.predictionEvents };
  const followed = await followRow(follow, name, row, true).catch(() => undefined);
  if (followed === undefined) return mirror.end(viewOf(row));
  for (const event of followed.replay.after(mirror.replay.lastId) ?? []) mirror.tell(event);
  const leave = followed.listen((event) => mirror.tell(event));
  const close = (): void => {
    leave();
    lose();
  };
  closing.addEventListener('abort', close, { once: true });
  mirror.end(await followed.finished);
}

/** One attempt more where its process went, if it has one left: counted in its row before it begins. */
async function beginAgain(
  { rows, log }: Pick<PredictionParts, 'rows' | 'log'>,
  { name, fence }: RecordedRun,
): Promise<{ line: string } | undefined> {
  const again = await rows.beginAgain(name, fence).catch(() => undefined);
  if (again === undefined) return undefined;
  log.warn('prediction is begun again', { prediction_id: name.predictionId, attempt: again.attempt });
  return { line: `attempt ${again.attempt} of ${again.max_attempts}` };
}

/** The caller's own token, which a procedure gets and nobody else may read. */
function secretsOf({ name, request }: RecordedRun): string[] {
  const token = request.context['replicate_api_token'];
  return name.bundleId === PROCEDURES && token !== undefined ? [token] : [];
}

/** The code of the held version, in whatever language it is. */
function predictorOf(
  { invoker, python, procedures }: Pick<PredictionParts, 'invoker' | 'python' | 'procedures'>,
  hold: BundleHold,
  request: StoredRequest,
): RunningPredictor {
  const schemas = hold.manifest.predict?.schemas ?? {};
  const isProcedure = hold.version.bundleId === PROCEDURES && procedures !== undefined;
  if (isPythonEntry(hold.version.entry))
    return {
      schemas,
      predict: (call) => (isProcedure ? procedures.python : python).predict(hold.version, call),
    };
  return createBundlePredictor({
    schemas,
    version: hold.version,
    runner: { invoke: (_version, invocation) => invokeHeld(invoker, hold, request, invocation) },
    // What it asks of the platform is answered where it is invoked.
    onCall: () => Promise.reject(new Error('capabilities are the invoker’s to answer')),
  });
}

type InvocationOf = Parameters<Parameters<typeof createBundlePredictor>[0]['runner']['invoke']>[1];

function invokeHeld(
  invoker: Pick<BundleInvoker, 'run'>,
  hold: BundleHold,
  { user, sessionId }: StoredRequest,
  { name, payload, signal, onEvent, onLog }: InvocationOf,
): Promise<unknown> {
  // The run gives the version back when all of it is over, not the call.
  return invoker.run(
    { ...hold, release: () => undefined },
    {
      kind: 'predict',
      ...(name === undefined ? {} : { name }),
      payload,
      user,
      ...(sessionId === undefined ? {} : { sessionId }),
      timeoutMs: NO_LIMIT_OF_ITS_OWN_MS,
      signal,
      own: { onEvent, onLog },
    },
  );
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
  let isLost = false;
  void recorded.then((view) => (isLost = view === undefined));
  await feedWebhook(mirror, {
    events: request.events,
    everyMs: WEBHOOK_EVERY_MS,
    // What happens to it elsewhere is told from there.
    send: async (view) => (isLost ? undefined : parts.sendWebhookOnce(url, view, request.trace)),
    sendLast: async () => undefined,
  });
  // Nobody's end but the row's: what was taken from this worker is told by whoever ended it.
  const view = await recorded;
  const row = view === undefined ? undefined : await parts.rows.find(name).catch(() => undefined);
  if (row !== undefined) await parts.tellEndOf(row);
}

const WEBHOOK_EVERY_MS = 500;
