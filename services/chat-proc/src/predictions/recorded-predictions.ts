import { ApiError, isoTime } from '@switchyard/predict';
import type { Created, PredictionBook, ShownPrediction, TraceHeaders } from '@switchyard/predict';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import { PlatformError } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { NewPrediction, PredictionName, PredictionRow } from '@switchyard/store';
import { z } from 'zod';
import { SourceUnusable } from '../procedures/source-unusable.ts';
import { followRow } from './follow-row.ts';
import { NOTHING_HELD, makeRecorded, nameOf, withId } from './make-recorded.ts';
import type { NamedRequest, PredictionCaller } from './make-recorded.ts';
import { PredictionPlaces } from './prediction-places.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { isOver } from './prediction-view.ts';
import { runRecorded } from './run-recorded.ts';
import type { Running } from './run-recorded.ts';
import type { StoredRequest } from './stored-request.ts';

/** The version that is to run. What rejects SourceUnusable is a prediction that has failed. */
export type HoldFor = (request: NamedRequest, isDetached: boolean) => Promise<BundleHold>;

const jobSchema = z.object({ user_id: z.string(), prediction_id: z.string() });
const END_MS = 5_000;

/**
 * Predictions of all bundles in this worker. A row is there before a prediction is told of. One whose caller waits runs here, held by a
 * fence from its first moment; an asynchronous one waits for whichever worker starts it first. Everything else is known by rows.
 */
export class RecordedPredictions {
  readonly #parts: PredictionParts;
  readonly #places: PredictionPlaces;
  readonly #running = new Map<string, Running>();
  /** Rows that are being made here. */
  readonly #inserting = new Map<string, Promise<void>>();
  #isDraining = false;

  constructor(parts: PredictionParts) {
    this.#parts = parts;
    this.#places = new PredictionPlaces(parts.config);
  }

  get running(): number {
    return this.#running.size;
  }

  /** Procedures that run here for callers who wait. */
  get proceduresTaken(): number {
    return this.#places.proceduresTaken;
  }

  /**
   * @param hold given back by what is made of it, or by the caller where nothing is
   */
  bookFor(caller: PredictionCaller, hold: HoldFor): PredictionBook {
    const isDraining = this.#isDraining;
    return {
      isDraining,
      find: (id, withEvents) => this.#find(nameOf(caller, id), withEvents),
      cancel: (id) => this.#cancel(nameOf(caller, id)),
      create: async (asked, _source, options) => {
        const request = withId(asked, this.#parts);
        let held: BundleHold;
        try {
          held = await hold(request, options.isDetached);
        } catch (error) {
          if (!(error instanceof SourceUnusable)) throw error;
          return this.#beginFailed(caller, request, error.message, options.trace);
        }
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
    let hold: BundleHold | undefined;
    try {
      hold = await this.#holdOf(name, signal);
    } catch (error) {
      const isLater =
        error instanceof ApiError ||
        error instanceof SourceUnusable ||
        (error instanceof PlatformError && error.code === 'BUNDLE_UNAVAILABLE');
      if (isLater) return { kind: 'unavailable', error: error.message };
      throw error;
    }
    if (hold === undefined) return { kind: 'done' };
    try {
      // Before it is started: what waits can be canceled, and is another worker's when this one goes.
      await this.#places.versions.takeOrWait(hold, signal);
    } catch (error) {
      hold.release();
      if (error instanceof ApiError) return { kind: 'unavailable', error: error.message };
      throw error;
    }
    try {
      await this.#start(name, hold, signal);
    } finally {
      this.#places.versions.release(hold);
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

  /** Of a bundle what serves now, of a procedure the very code of its row. Undefined: its row or its code is gone. */
  async #holdOf(name: PredictionName, signal: AbortSignal): Promise<BundleHold | undefined> {
    const { invoker, procedures, rows } = this.#parts;
    if (name.bundleId !== PROCEDURES) return invoker.hold(name.bundleId);
    if (procedures === undefined)
      throw PlatformError.of('BUNDLE_UNAVAILABLE', 'Procedures are not served here.');
    const row = await rows.find(name);
    return row === undefined || isOver(row) ? undefined : procedures.holdOf(row, { mayWait: true, signal });
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

  /** What cannot run is a prediction all the same: found by its id, told by its webhook. */
  async #beginFailed(
    caller: PredictionCaller,
    request: NamedRequest,
    error: string,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, makeFence } = this.#parts;
    const hold = NOTHING_HELD;
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
    const fence = makeFence();
    const held = { fence, leaseMs: config.predictionLease };
    const row = { ...made.row, sealed: undefined, held };
    if ((await this.#insert(row, config.predictionMaxOpen)) === 'taken') return this.#known(made.name);
    const placed = Promise.reject(new Error(error));
    placed.catch(() => undefined);
    const running = this.#run({ ...made, fence, hold, placed, release: () => undefined });
    return { prediction: running.mirror, isNew: true };
  }

  async #begin(
    caller: PredictionCaller,
    request: NamedRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, makeFence } = this.#parts;
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
    const leaving = new AbortController();
    let placed: Promise<void>;
    try {
      placed = request.mayWait
        ? this.#places.takeOrWait(hold, leaving.signal)
        : Promise.resolve(this.#places.take(hold));
    } catch (error) {
      // Sent twice at once: whoever was first has the place, and this one its snapshot.
      await this.#inserting.get(keyOf(made.name));
      const prediction = await this.#find(made.name, true);
      if (prediction === undefined) throw error;
      hold.release();
      return { prediction, isNew: false };
    }
    // It may be refused while its row is written; whoever runs it hears of it.
    placed.catch(() => undefined);
    const release = () => this.#places.release(hold);
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

  async #enqueue(
    caller: PredictionCaller,
    request: NamedRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, rows, seal } = this.#parts;
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
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
