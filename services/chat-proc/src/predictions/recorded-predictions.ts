import {
  ALREADY_RUNNING,
  ApiError,
  PlaceLine,
  isoTime,
  makePredictionId,
  maskSecrets,
  readContext,
  readInput,
} from '@switchyard/predict';
import type {
  Created,
  JsonObject,
  PredictionBook,
  PredictionRequest,
  ShownPrediction,
  TraceHeaders,
} from '@switchyard/predict';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import { PlatformError } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import type { InvocationUser } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { NewPrediction, PredictionName, PredictionRow } from '@switchyard/store';
import { z } from 'zod';
import { followRow } from './follow-row.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { isOver } from './prediction-view.ts';
import { runRecorded } from './run-recorded.ts';
import type { Running } from './run-recorded.ts';
import type { StoredRequest } from './stored-request.ts';
import { VersionPlaces } from './version-places.ts';

/** Who asks for a prediction of which bundle. */
export interface PredictionCaller {
  readonly bundleId: string;
  readonly user: InvocationUser;
  readonly sessionId: string | undefined;
}

const jobSchema = z.object({ user_id: z.string(), prediction_id: z.string() });
const END_MS = 5_000;

/**
 * Predictions of all bundles in this worker. A row is there before a prediction is told of. One whose caller waits runs here, held by a
 * fence from its first moment; an asynchronous one waits for whichever worker starts it first. Everything else is known by rows.
 */
export class RecordedPredictions {
  readonly #parts: PredictionParts;
  readonly #places: PlaceLine;
  readonly #versions: VersionPlaces;
  readonly #running = new Map<string, Running>();
  /** Rows that are being made here. */
  readonly #inserting = new Map<string, Promise<void>>();
  #isDraining = false;

  constructor(parts: PredictionParts) {
    const { predictionPlaces, predictionLine, predictionWait, predictionSlots, predictionLimit } =
      parts.config;
    this.#parts = parts;
    this.#places = new PlaceLine({
      places: () => predictionPlaces,
      maxWaiting: predictionLine,
      waitMs: predictionWait,
    });
    this.#versions = new VersionPlaces({
      maxWaiting: predictionLine + predictionSlots,
      waitMs: predictionLimit,
    });
  }

  get running(): number {
    return this.#running.size;
  }

  /** @param hold of the version that serves; given back by what is made of it, or by the caller where nothing is. */
  bookFor(caller: PredictionCaller, hold: () => Promise<BundleHold>): PredictionBook {
    const isDraining = this.#isDraining;
    return {
      isDraining,
      find: (id, withEvents) => this.#find(nameOf(caller, id), withEvents),
      cancel: (id) => this.#cancel(nameOf(caller, id)),
      create: async (request, _source, options) => {
        const held = await hold();
        try {
          return options.isDetached
            ? await this.#enqueue(caller, request, held, options.trace)
            : await this.#begin(caller, request, held, options.trace);
        } catch (error) {
          held.release();
          throw error;
        }
      },
    };
  }

  /** For `jobs`: one start of an asynchronous prediction. */
  async runJob(row: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const { user_id: userId, prediction_id: predictionId } = jobSchema.parse(row.data);
    const name = { bundleId: row.bundle_id, userId, predictionId };
    let hold: BundleHold;
    try {
      hold = await this.#parts.invoker.hold(row.bundle_id);
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'BUNDLE_UNAVAILABLE')
        return { kind: 'unavailable', error: error.message };
      throw error;
    }
    try {
      // Before it is started: what waits can be canceled, and is another worker's when this one goes.
      await this.#versions.takeOrWait(hold, signal);
    } catch (error) {
      hold.release();
      if (error instanceof ApiError) return { kind: 'unavailable', error: error.message };
      throw error;
    }
    try {
      await this.#start(name, hold, signal);
    } finally {
      this.#versions.release(hold);
      hold.release();
    }
    return { kind: 'done' };
  }

  /** Nothing new; what runs may end until the deadline. Then it is given to others where they may begin it again, and has failed else. */
  async stop(deadline: Deadline): Promise<void> {
    this.#isDraining = true;
    await Promise.race([this.#allRecorded(), aborted(deadline.signal)]);
    const end = async ({ prediction, giveBack }: Running): Promise<void> => {
      if (await giveBack()) return;
      const error = 'server shutting down: the prediction did not end in time';
      prediction.finish({ status: 'failed', error });
    };
    await Promise.race([
      Promise.all([...this.#running.values()].map(end)),
      aborted(AbortSignal.timeout(END_MS)),
    ]);
    await Promise.race([this.#allRecorded(), aborted(AbortSignal.timeout(END_MS))]);
  }

  async #allRecorded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ recorded }) => recorded));
  }

  async #find(name: PredictionName, withEvents: boolean): Promise<ShownPrediction | undefined> {
    const here = this.#running.get(keyOf(name));
    if (here !== undefined) return here.mirror;
    const row = await this.#parts.rows.find(name);
    return row === undefined ? undefined : this.#follow(name, row, withEvents);
  }

  #follow(name: PredictionName, row: PredictionRow, withEvents: boolean): Promise<ShownPrediction> {
    const { rows, log, config } = this.#parts;
    const follow = { rows, log, maxReplayCharacters: config.predictionEvents };
    return followRow(follow, name, row, withEvents);
  }

  async #cancel(name: PredictionName): Promise<boolean> {
    const { rows, now } = this.#parts;
    const row = await rows.cancel(name, isoTime(now()));
    if (row === undefined) return false;
    this.#running.get(keyOf(name))?.prediction.cancel();
    if (isOver(row)) await this.#parts.tellEndOf(row);
    return true;
  }

  async #begin(
    caller: PredictionCaller,
    request: PredictionRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, makeFence } = this.#parts;
    const made = this.#make(caller, request, hold, trace);
    const leaving = new AbortController();
    let placed: Promise<void>;
    try {
      placed = request.mayWait
        ? this.#waitForPlace(hold, leaving.signal)
        : Promise.resolve(this.#takePlace(hold));
    } catch (error) {
      // Sent twice at once: whoever was first has the place, and this one its snapshot.
      await this.#inserting.get(keyOf(made.name));
      const prediction = request.id === undefined ? undefined : await this.#find(made.name, true);
      if (prediction === undefined) throw error;
      hold.release();
      return { prediction, isNew: false };
    }
    // It may be refused while its row is written; whoever runs it hears of it.
    placed.catch(() => undefined);
    const release = () => {
      this.#places.release();
      this.#versions.release(hold);
    };
    const fence = makeFence();
    try {
      const row = { ...made.row, sealed: undefined, held: { fence, leaseMs: config.predictionLease } };
      if ((await this.#insert(row, config.predictionMaxOpen)) === 'taken') {
        const known = await this.#known(made.name);
        hold.release();
        giveBack(placed, release, leaving);
        return known;
      }
    } catch (error) {
      giveBack(placed, release, leaving);
      throw error;
    }
    const running = this.#run({ ...made, fence, hold, placed, release });
    running.prediction.signal.addEventListener('abort', () => leaving.abort(), { once: true });
    return { prediction: running.mirror, isNew: true };
  }

  async #insert(row: NewPrediction, maxOpen: number): Promise<'made' | 'taken'> {
    const key = keyOf(row);
    const inserting = this.#parts.rows.insert(row, maxOpen);
    const settled = inserting.catch(() => undefined).then(() => undefined);
    this.#inserting.set(key, settled);
    void settled.then(() => this.#inserting.get(key) === settled && this.#inserting.delete(key));
    return inserting;
  }

  #takePlace(hold: BundleHold): void {
    this.#versions.take(hold);
    try {
      this.#places.take();
    } catch (error) {
      this.#versions.release(hold);
      throw error;
    }
  }

  /** The version's own first: who waits for it holds no place that others could use. Throws ApiError 409 where a line is full. */
  #waitForPlace(hold: BundleHold, signal: AbortSignal): Promise<void> {
    if (this.#places.isFull) throw new ApiError(409, ALREADY_RUNNING, 'the line is full');
    const late = AbortSignal.timeout(this.#parts.config.predictionWait);
    return this.#versions.takeOrWait(hold, AbortSignal.any([signal, late])).then(
      async () => {
        try {
          await this.#places.takeOrWait(signal);
        } catch (error) {
          this.#versions.release(hold);
          throw error;
        }
      },
      (error: unknown) => {
        throw late.aborted && !signal.aborted
          ? new ApiError(409, ALREADY_RUNNING, 'waited for too long')
          : error;
      },
    );
  }

  async #enqueue(
    caller: PredictionCaller,
    request: PredictionRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, rows, seal } = this.#parts;
    const made = this.#make(caller, request, hold, trace);
    hold.release();
    const waiting = { ...made.row, sealed: seal.seal(made.name, made.request), held: undefined };
    if ((await rows.insert(waiting, config.predictionMaxOpen)) === 'taken') return this.#known(made.name);
    const row = await rows.find(made.name);
    if (row === undefined) throw new ApiError(404, 'not found');
    await this.#parts.addJob(row);
    return { prediction: await this.#follow(made.name, row, false), isNew: true };
  }

  /** One of this name is there, or this user has too many. */
  async #known(name: PredictionName): Promise<Created> {
    const prediction = await this.#find(name, true);
    if (prediction === undefined)
      throw PlatformError.of('RATE_LIMITED', 'Too many predictions of yours wait or run.', {
        retryAfterSec: 5,
      });
    return { prediction, isNew: false };
  }

  #make(caller: PredictionCaller, request: PredictionRequest, hold: BundleHold, trace: TraceHeaders) {
    const { now, randomBytes } = this.#parts;
    const schemas: JsonObject = hold.manifest.predict?.schemas ?? {};
    const input = readInput(request.input, schemas);
    const id = request.id ?? makePredictionId(Math.floor(now()), randomBytes);
    const name = nameOf(caller, id);
    const shownInput = maskSecrets(schemas, input);
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
    const row = {
      ...name,
      versionId: hold.version.versionId,
      input: shownInput,
      webhook: lastWebhookOf(request, trace),
      shownCreatedAt: createdAt,
      shownStartedAt: isoTime(now()),
      maxAttempts: hold.manifest.predict?.attempts ?? 1,
    };
    return { name, shownInput, createdAt, request: stored, row };
  }

  async #start(name: PredictionName, hold: BundleHold, signal: AbortSignal): Promise<void> {
    const { config, makeFence, rows, seal } = this.#parts;
    const fence = makeFence();
    const { versionId } = hold.version;
    const row = await rows.start(name, { fence, leaseMs: config.predictionLease, versionId });
    const over = new AbortController();
    // Somebody else has it, or it is over: a hint that came twice, or late.
    if (row === undefined) return;
    let request = NOTHING_ASKED;
    let placed = Promise.resolve();
    try {
      request = seal.open(name, row);
    } catch (error) {
      // Its row is this worker's to end.
      placed = Promise.reject(error instanceof Error ? error : new Error(String(error)));
      placed.catch(() => undefined);
    }
    const running = this.#run({
      name,
      fence,
      hold,
      shownInput: row.input,
      createdAt: row.shown_created_at,
      request,
      ...(row.attempt > 1 ? { former: formerOf(row) } : {}),
      placed,
      release: () => undefined,
    });
    const stop = async (): Promise<void> => {
      if (await running.giveBack()) return;
      running.prediction.finish({ status: 'failed', error: 'the worker that ran it was stopped' });
    };
    signal.addEventListener('abort', () => void stop(), { once: true, signal: over.signal });
    await running.recorded;
    over.abort();
  }

  #run(run: Parameters<typeof runRecorded>[1]): Running {
    const running = runRecorded(this.#parts, run);
    const key = keyOf(run.name);
    this.#running.set(key, running);
    void running.recorded.then(() => this.#running.delete(key));
    return running;
  }
}

const NOTHING_ASKED: StoredRequest = {
  input: {},
  context: {},
  events: [],
  trace: {},
  user: { user_id: '', username: '', user_type: 'anonymous', roles: [] },
};

function formerOf({ logs, last_event: lastEvent, attempt, max_attempts: of }: PredictionRow) {
  return { logs, lastEvent, line: `attempt ${attempt} of ${of}: the worker of the one before is gone\n` };
}

function lastWebhookOf({ webhook: url, events }: PredictionRequest, trace: TraceHeaders) {
  return url === undefined || !events.includes('completed') ? undefined : { url, headers: { ...trace } };
}

function nameOf({ bundleId, user }: PredictionCaller, predictionId: string): PredictionName {
  return { bundleId, userId: user.user_id, predictionId };
}

function keyOf({ bundleId, userId, predictionId }: PredictionName): string {
  return JSON.stringify([bundleId, userId, predictionId]);
}

function giveBack(placed: Promise<void>, release: () => void, leaving: AbortController): void {
  placed.then(release, () => undefined);
  leaving.abort();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
