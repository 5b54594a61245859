import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { sleep } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import { iteratesOf, replaceAt } from '../input-schema.ts';
import { createPathMask } from '../path-mask.ts';
import type { PredictCall, PredictResult } from '../predictor.ts';
import type { PredictorHost, SetupSink } from '../predictor-host.ts';
import type { JsonObject } from '../prediction-view.ts';
import { describeExit, describeStartError } from './describe-exit.ts';
import { HostFolder } from './host-folder.ts';
import { HostLines } from './host-lines.ts';
import { lendFiles } from './lend-files.ts';
import type { LentFiles } from './lend-files.ts';
import type { PythonHostParts } from './python-host-parts.ts';
import { PythonRun } from './python-run.ts';
import { signalGroup } from './signal-group.ts';
import { STATUS_FD, spawnPython } from './spawn-python.ts';

/** `setup_result.json`. */
interface SetupResult {
  readonly status: string;
  readonly error?: string;
  readonly marks?: boolean;
}

/** What is read of `openapi.json`. */
interface OpenApiFile {
  readonly components: { readonly schemas: JsonObject };
}

/** A status that was lost costs this long: files are looked at by the clock as well. */
const LOOK_EVERY_MS = 250;
/** After `exit`, last words may still be in the pipes; one that a child of the host holds open is not waited for longer. */
const LAST_WORDS_MS = 500;
const CHECK_MS = 5000;

/** One process of a Python predictor: its folder of files, its pipes, its predictions, its end. */
export class PythonHost implements PredictorHost {
  readonly ended: Promise<string>;
  schemas: JsonObject = {};
  maxConcurrency = 1;
  readonly #parts: PythonHostParts;
  readonly #root: string;
  readonly #folder: HostFolder;
  readonly #child: ChildProcess;
  readonly #closeStatus: () => void;
  /** Lines and errors as clients may read them. */
  readonly #shown: (text: string) => string;
  readonly #runs = new Map<string, PythonRun>();
  readonly #resolveEnded: (reason: string) => void;
  /** Nothing of it is left. */
  readonly #gone: Promise<void>;
  readonly #resolveGone: () => void;
  /** The source first; the others are this process' own. */
  #ownFolders: readonly string[] = [];
  #sink: SetupSink | undefined;
  #wake: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #reason: string | undefined;
  #isEnded = false;
  #isDescribed = false;
  #hasHealthcheck = false;
  #hasMarks = false;
  #checks = 0;

  /** Rejects with a sentence for whoever wrote the predictor; nothing is left behind then. */
  static async start(parts: PythonHostParts, sink: SetupSink): Promise<PythonHost> {
    const root = await mkdtemp(path.join(parts.folder, 'python-'));
    for (const name of ['working', 'tmp']) await mkdir(path.join(root, name));
    const host = new PythonHost(parts, root, sink);
    try {
      await host.#setUp(sink);
      return host;
    } catch (error) {
      host.#kill('setup did not succeed');
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
    const status = parts.status.open(() => this.#look());
    this.#closeStatus = () => status.close();
    this.#child = spawnPython(parts, { root, workingDir: this.#folder.path, statusUrl: status.url });
    this.#watch();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async predict(call: PredictCall): Promise<PredictResult> {
    if (this.#isEnded) return { status: 'failed', error: this.#failure(), isLost: true };
    const run = new PythonRun({
      call,
      folder: this.#folder,
      ownFolders: this.#ownFolders,
      temporaryFolders: this.#ownFolders.slice(1),
      maxFileBytes: this.#parts.config.maxFileBytes,
      iterates: iteratesOf(this.schemas),
      hasMarks: this.#hasMarks,
    });
    this.#runs.set(call.id, run);
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    let stop: () => void = () => undefined;
    let takeBack: () => Promise<void> = async () => undefined;
    let handover: NodeJS.Timeout | undefined;
    try {
      const lent = await this.#lend(call);
      takeBack = lent.takeBack;
      const input = lent.files.reduce<JsonObject>(
        (all, { pointer, path: file }) => replaceAt(all, pointer, file),
        call.input,
      );
      await this.#folder.write(`request-${call.id}.json`, {
        id: call.id,
        input,
        created_at: call.createdAt,
        started_at: call.startedAt,
        context: call.context,
        incremental: true,
      });
      // Not before its request is there: a cancel of nothing is forgotten.
      stop = this.#cancelOnAbort(call);
      this.#ring();
      const { handoverMs } = this.#parts.config;
      handover = setTimeout(() => void this.#endUntaken(`request-${call.id}.json`), handoverMs);
      const result = await run.result;
      return result.status === 'failed' ? { ...result, error: this.#shown(result.error) } : result;
    } catch (error) {
      // Its folder went with it: that is no failure of the request.
      if (this.#isEnded) return { status: 'failed', error: this.#failure(), isLost: true };
      return { status: 'failed', error: `the request could not be handed over: ${(error as Error).message}` };
    } finally {
      stop();
      clearTimeout(handover);
      await takeBack().catch(() => undefined);
      if (!this.#parts.config.keepFiles) await run.removeOutputs();
      this.#runs.delete(call.id);
      if (this.#runs.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  /** A process that lives and hears nothing: nobody would ever end what was handed to it. */
  async #endUntaken(request: string): Promise<void> {
    if (!this.#isEnded && (await this.#folder.has(request)))
      this.#kill(`it did not take a prediction within ${this.#parts.config.handoverMs / 1000} s`);
  }

  /** In a sandbox nothing is seen but the host's own folder. */
  async #lend({ id, files }: PredictCall): Promise<LentFiles> {
    if (this.#parts.config.pythonSandbox !== undefined) return lendFiles(files, this.#folder.path, id);
    return { files, takeBack: async () => undefined };
  }

  async check(): Promise<boolean | undefined> {
    if (this.#isEnded || !this.#hasHealthcheck) return true;
    const name = `check-${(this.#checks += 1)}`;
    await this.#folder.write(name, '');
    this.#ring();
    const until = performance.now() + CHECK_MS;
    while (!this.#isEnded && performance.now() < until) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const answer = await this.#folder.read(`${name}.json`);
      if (answer !== undefined) {
        await this.#folder.forget(`${name}.json`);
        return (answer as { healthy?: unknown }).healthy === true;
      }
      await Promise.race([woken, sleep(LOOK_EVERY_MS), this.ended]);
    }
    return undefined;
  }

  async stop(deadline: Deadline): Promise<void> {
    if (this.#isEnded) return this.#gone;
    this.#reason ??= 'the server stopped it';
    const waitMs = Math.min(this.#parts.config.stopMs, deadline.remainingMs());
    await this.#folder.write('stop', '').catch(() => undefined);
    this.#ring();
    // In order first; then asked by signal, with all that it started; then not asked.
    const term = setTimeout(() => this.#signal('SIGTERM'), waitMs / 2);
    const kill = setTimeout(() => this.#signal('SIGKILL'), waitMs);
    await this.#gone;
    clearTimeout(term);
    clearTimeout(kill);
  }

  async #setUp({ signal }: SetupSink): Promise<void> {
    const { config, source } = this.#parts;
    const folders = [source.dir, path.join(this.#root, 'tmp'), this.#folder.path];
    this.#ownFolders = await Promise.all(folders.map((folder) => realpath(folder)));
    const abort = () => this.#kill('the server is shutting down');
    signal.addEventListener('abort', abort, { once: true });
    const limit = setTimeout(
      () => this.#kill(`setup took longer than ${config.setupMs / 1000} s`),
      config.setupMs,
    );
    const looks = setInterval(() => this.#wake(), LOOK_EVERY_MS);
    try {
      await this.#folder.write('config.json', {
        module_name: source.module,
        predictor_name: source.predictor,
        max_concurrency: source.maxConcurrency ?? config.maxConcurrency,
      });
      const result = await this.#untilReady();
      if (result.status !== 'succeeded') throw new Error(this.#shown(result.error ?? 'setup failed'));
      // Once more: a host may be done with everything between a look at its schema and one at its setup.
      if (!(await this.#tellSchemas())) throw new Error('the host did not say what its predictor takes');
      this.#hasHealthcheck = await this.#folder.has('healthcheck');
      this.#hasMarks = result.marks === true;
      this.#sink = undefined;
    } finally {
      clearTimeout(limit);
      clearInterval(looks);
      signal.removeEventListener('abort', abort);
    }
  }

  async #untilReady(): Promise<SetupResult> {
    for (;;) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      await this.#tellSchemas();
      const result = await this.#folder.read('setup_result.json');
      if (result !== undefined) {
        // It ends by itself then, and its last words are a part of what is told.
        if ((result as SetupResult).status !== 'succeeded') await Promise.race([this.ended, woken]);
        else if (!(await this.#folder.has('ready'))) {
          await woken;
          continue;
        }
        return result as SetupResult;
      }
      if (this.#isEnded) throw new Error(this.#failure());
      await Promise.race([woken, this.ended]);
    }
  }

  /** Once, as soon as the code was read: setup may take minutes. False: it was not read yet. */
  async #tellSchemas(): Promise<boolean> {
    if (this.#isDescribed) return true;
    if (!(await this.#describe())) return false;
    this.#sink?.onSchemas?.({ schemas: this.schemas, maxConcurrency: this.maxConcurrency });
    return true;
  }

  /** False: its code was not read yet. */
  async #describe(): Promise<boolean> {
    const { config, source } = this.#parts;
    const schema = (await this.#folder.read('openapi.json')) as OpenApiFile | undefined;
    if (schema === undefined) return false;
    this.#isDescribed = true;
    this.schemas = schema.components.schemas;
    this.maxConcurrency = (await this.#folder.has('async_predict'))
      ? (source.maxConcurrency ?? config.maxConcurrency)
      : 1;
    return true;
  }

  #cancelOnAbort({ id, signal }: PredictCall): () => void {
    let overdue: NodeJS.Timeout | undefined;
    const cancel = () => {
      void this.#folder.write(`cancel-${id}`, '').then(
        () => this.#ring(),
        () => undefined,
      );
      overdue = setTimeout(() => {
        // It will not hear: it ends, and so does what runs beside it.
        this.#reason ??= 'a prediction in it did not end after its cancel';
        // Before anybody hears of the end: what comes next must not go to a process that is about to be killed.
        this.#resolveEnded(this.#reason);
        void this.#runs.get(id)?.lost({ status: 'canceled' });
        this.#signal('SIGKILL');
      }, this.#parts.config.cancelMs);
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
    return () => {
      clearTimeout(overdue);
      signal.removeEventListener('abort', cancel);
    };
  }

  #watch(): void {
    const child = this.#child;
    const lines = [child.stdout, child.stderr].map((pipe) => {
      const split = new HostLines({
        onLine: (id, line) => this.#line(id, line),
        onEnd: (id) => this.#runs.get(id)?.mark(),
      });
      pipe?.on('data', (chunk: Buffer) => split.write(chunk));
      pipe?.once('end', () => split.end());
      return split;
    });
    child.stdin?.on('error', () => undefined);
    const status = child.stdio[STATUS_FD];
    if (status instanceof Readable) status.on('data', () => this.#look());
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.once('error', (error) => {
      this.#reason ??= describeStartError(child.spawnfile, error);
      void this.#end();
    });
    child.once('exit', (code, signal) => {
      this.#reason ??= describeExit(code, signal, this.#parts.config.pythonSandbox !== undefined);
      const timer = setTimeout(() => void this.#end(), LAST_WORDS_MS);
      void closed.then(() => {
        clearTimeout(timer);
        for (const split of lines) split.end();
        return this.#end();
      });
    });
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
    this.#wake();
    for (const run of this.#runs.values()) void run.look();
  }

  #ring(): void {
    this.#child.stdin?.write('\n');
  }

  #kill(reason: string): void {
    this.#reason ??= reason;
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    signalGroup(this.#child.pid, signal);
  }

  #failure(): string {
    return `the process of the predictor is gone: ${this.#reason ?? 'it ended'}`;
  }

  async #end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#closeStatus();
    // Before anybody hears of a prediction that is lost: who does and asks at once finds a predictor that is not ready.
    this.#resolveEnded(this.#reason ?? 'it ended');
    // What it started and left behind.
    this.#signal('SIGKILL');
    const error = this.#failure();
    await Promise.all(
      [...this.#runs.values()].map((run) => run.lost({ status: 'failed', error, isLost: true })),
    );
    if (!this.#parts.config.keepFiles)
      await rm(this.#root, { recursive: true, force: true }).catch(() => undefined);
    this.#wake();
    this.#resolveGone();
  }
}
