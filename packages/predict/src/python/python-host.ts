import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import { iteratesOf, replaceAt } from '../input-schema.ts';
import { createPathMask } from '../path-mask.ts';
import type { PredictCall, PredictResult } from '../predictor.ts';
import type { PredictorHost, SetupSink } from '../predictor-host.ts';
import type { JsonObject } from '../prediction-view.ts';
import { Bell } from './bell.ts';
import { HostFolder } from './host-folder.ts';
import { lendFiles } from './lend-files.ts';
import type { LentFiles } from './lend-files.ts';
import type { PythonHostParts } from './python-host-parts.ts';
import { PythonProcess } from './python-process.ts';
import { PythonRun } from './python-run.ts';
import { PythonSetup } from './python-setup.ts';
import type { PythonSetUp } from './python-setup.ts';

/** A status that was lost costs this long: files are looked at by the clock as well. */
const LOOK_EVERY_MS = 250;
const CHECK_MS = 5000;

/** One process of a Python predictor: its folder of files, its setup, its predictions, its end. */
export class PythonHost implements PredictorHost {
  readonly ended: Promise<string>;
  readonly #parts: PythonHostParts;
  readonly #root: string;
  readonly #folder: HostFolder;
  readonly #process: PythonProcess;
  /** Lines and errors as clients may read them. */
  readonly #shown: (text: string) => string;
  readonly #runs = new Map<string, PythonRun>();
  readonly #bell = new Bell();
  readonly #resolveEnded: (reason: string) => void;
  /** Nothing of it is left. */
  readonly #gone: Promise<void>;
  readonly #resolveGone: () => void;
  /** What it is, from the end of its setup on. */
  #setUp: PythonSetUp = { schemas: {}, maxConcurrency: 1, hasHealthcheck: false, hasMarks: false };
  /** Hears lines as long as setup runs. */
  #sink: SetupSink | undefined;
  /** The source first; the others are this process' own. */
  #ownFolders: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #checks = 0;

  /** Rejects with a sentence for whoever wrote the predictor; nothing is left behind then. */
  static async start(parts: PythonHostParts, sink: SetupSink): Promise<PythonHost> {
    const root = await mkdtemp(path.join(parts.folder, 'python-'));
    for (const name of ['working', 'tmp']) await mkdir(path.join(root, name));
    const host = new PythonHost(parts, root, sink);
    try {
      await host.#prepare(sink);
      return host;
    } catch (error) {
      host.#process.kill('setup did not succeed');
      await host.#gone;
      throw error;
    }
  }

  private constructor(parts: PythonHostParts, root: string, sink: SetupSink) {
    this.#parts = parts;
    this.#root = root;
    this.#sink = sink;
    this.#shown = createPathMask(parts.source.dir, root);
    this.#folder = new HostFolder(path.join(root, 'working'), {
      keepFiles: parts.config.keepFiles,
      now: () => parts.now(),
    });
    ({ promise: this.ended, resolve: this.#resolveEnded } = Promise.withResolvers<string>());
    ({ promise: this.#gone, resolve: this.#resolveGone } = Promise.withResolvers<void>());
    const place = { root, workingDir: this.#folder.path };
    this.#process = new PythonProcess(parts, place, {
      onLine: (id, line) => this.#line(id, line),
      onMark: (id) => this.#runs.get(id)?.mark(),
      onStatus: () => this.#look(),
      onGone: () => void this.#end(),
    });
  }

  get schemas(): JsonObject {
    return this.#setUp.schemas;
  }

  get maxConcurrency(): number {
    return this.#setUp.maxConcurrency;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  async predict(call: PredictCall): Promise<PredictResult> {
    if (this.#process.isGone) return this.#lost();
    const run = this.#open(call);
    let stop: () => void = () => undefined;
    let takeBack: () => Promise<void> = async () => undefined;
    let handover: NodeJS.Timeout | undefined;
    try {
      const lent = await this.#lend(call);
      takeBack = lent.takeBack;
      const request = `request-${call.id}.json`;
      await this.#folder.write(request, requestOf(call, lent));
      // Not before its request is there: a cancel of nothing is forgotten.
      stop = this.#cancelOnAbort(call);
      this.#process.ring();
      handover = setTimeout(() => void this.#endUntaken(request), this.#parts.config.handoverMs);
      const result = await run.result;
      return result.status === 'failed' ? { ...result, error: this.#shown(result.error) } : result;
    } catch (error) {
      // Its folder went with it: that is no failure of the request.
      if (this.#process.isGone) return this.#lost();
      return { status: 'failed', error: `the request could not be handed over: ${(error as Error).message}` };
    } finally {
      stop();
      clearTimeout(handover);
      await takeBack().catch(() => undefined);
      if (!this.#parts.config.keepFiles) await run.removeOutputs();
      this.#close(run);
    }
  }

  async check(): Promise<boolean | undefined> {
    if (this.#process.isGone || !this.#setUp.hasHealthcheck) return true;
    const name = `check-${(this.#checks += 1)}`;
    try {
      return await this.#askHealth(name);
    } catch (error) {
      // Its end is told by `ended`; a check of what is gone is none.
      if (this.#process.isGone) return undefined;
      this.#parts.log.warn('health of a predictor could not be asked', { error: (error as Error).message });
      return undefined;
    }
  }

  async stop(deadline: Deadline): Promise<void> {
    if (this.#process.isGone) return this.#gone;
    this.#process.because('the server stopped it');
    const waitMs = Math.min(this.#parts.config.stopMs, deadline.remainingMs());
    await this.#folder.write('stop', '').catch(() => undefined);
    this.#process.ring();
    // In order first; then asked by signal, with all that it started; then not asked.
    const term = setTimeout(() => this.#process.signal('SIGTERM'), waitMs / 2);
    const kill = setTimeout(() => this.#process.signal('SIGKILL'), waitMs);
    await this.#gone;
    clearTimeout(term);
    clearTimeout(kill);
  }

  async #prepare(sink: SetupSink): Promise<void> {
    const folders = [this.#parts.source.dir, path.join(this.#root, 'tmp'), this.#folder.path];
    this.#ownFolders = await Promise.all(folders.map((folder) => realpath(folder)));
    const setup = new PythonSetup({
      host: this.#parts,
      folder: this.#folder,
      process: this.#process,
      ended: this.ended,
      bell: this.#bell,
      sink,
      shown: this.#shown,
    });
    this.#setUp = await setup.run(LOOK_EVERY_MS);
    this.#sink = undefined;
  }

  #open(call: PredictCall): PythonRun {
    const run = new PythonRun({
      call,
      folder: this.#folder,
      ownFolders: this.#ownFolders,
      temporaryFolders: this.#ownFolders.slice(1),
      maxFileBytes: this.#parts.config.maxFileBytes,
      iterates: iteratesOf(this.schemas),
      hasMarks: this.#setUp.hasMarks,
    });
    this.#runs.set(call.id, run);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    return run;
  }

  #close(run: PythonRun): void {
    this.#runs.delete(run.id);
    if (this.#runs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** In a sandbox nothing is seen but the host's own folder. */
  async #lend({ id, files }: PredictCall): Promise<LentFiles> {
    if (this.#parts.config.pythonSandbox !== undefined) return lendFiles(files, this.#folder.path, id);
    return { files, takeBack: async () => undefined };
  }

  /** A process that lives and hears nothing: nobody would ever end what was handed to it. */
  async #endUntaken(request: string): Promise<void> {
    if (!this.#process.isGone && (await this.#folder.has(request)))
      this.#process.kill(`it did not take a prediction within ${this.#parts.config.handoverMs / 1000} s`);
  }

  async #askHealth(name: string): Promise<boolean | undefined> {
    await this.#folder.write(name, '');
    this.#process.ring();
    const until = performance.now() + CHECK_MS;
    while (!this.#process.isGone && performance.now() < until) {
      const woken = this.#bell.next();
      const answer = await this.#folder.read(`${name}.json`);
      if (answer !== undefined) {
        await this.#folder.forget(`${name}.json`);
        return (answer as { healthy?: unknown }).healthy === true;
      }
      await Promise.race([woken, sleep(LOOK_EVERY_MS), this.ended]);
    }
    return undefined;
  }

  #cancelOnAbort({ id, signal }: PredictCall): () => void {
    let overdue: NodeJS.Timeout | undefined;
    const cancel = () => {
      void this.#folder.write(`cancel-${id}`, '').then(
        () => this.#process.ring(),
        () => undefined,
      );
      overdue = setTimeout(() => this.#endDeaf(id), this.#parts.config.cancelMs);
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return () => {
      clearTimeout(overdue);
      signal.removeEventListener('abort', cancel);
    };
  }

  /** A cancelled prediction that will not hear: its process ends, and so does what runs beside it. */
  #endDeaf(id: string): void {
    this.#process.because('a prediction in it did not end after its cancel');
    // Before anybody hears of the end: what comes next must not go to a process that is about to be killed.
    this.#resolveEnded(this.#process.reason);
    void this.#runs.get(id)?.lost({ status: 'canceled' });
    this.#process.signal('SIGKILL');
  }

  #line(id: string | undefined, written: string): void {
    const line = this.#shown(written);
    const run = id === undefined ? this.#onlyRun() : this.#runs.get(id);
    if (run !== undefined) return run.line(line);
    if (this.#sink !== undefined) return this.#sink.onLog(`${line}\n`);
    this.#parts.log.info('predictor wrote a line outside of a prediction', { text: line });
  }

  #onlyRun(): PythonRun | undefined {
    const [first] = this.#runs.values();
    return this.#runs.size === 1 ? first : undefined;
  }

  #look(): void {
    this.#bell.ring();
    for (const run of this.#runs.values()) void run.look();
  }

  #lost(): PredictResult & { status: 'failed' } {
    return { status: 'failed', error: this.#process.failure, isLost: true };
  }

  async #end(): Promise<void> {
    // Before anybody hears of a prediction that is lost: who does and asks at once finds a predictor that is not ready.
    this.#resolveEnded(this.#process.reason);
    await Promise.all([...this.#runs.values()].map((run) => run.lost(this.#lost())));
    if (!this.#parts.config.keepFiles)
      await rm(this.#root, { recursive: true, force: true }).catch(() => undefined);
    this.#bell.ring();
    this.#resolveGone();
  }
}

function requestOf(call: PredictCall, { files }: LentFiles): JsonObject {
  const input = files.reduce<JsonObject>(
    (all, { pointer, path: file }) => replaceAt(all, pointer, file),
    call.input,
  );
  return {
    id: call.id,
    input,
    created_at: call.createdAt,
    started_at: call.startedAt,
    context: call.context,
    incremental: true,
  };
}
