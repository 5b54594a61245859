import { sleep } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import { decideRestart } from '@switchyard/runner';
import type { Log } from '@switchyard/telemetry';
import { isoTime } from './iso-time.ts';
import { BoundedLog } from './bounded-log.ts';
import type { PredictConfig } from './predict-config.ts';
import type { PredictorHost, StartHost } from './predictor-host.ts';
import type { PredictCall, PredictResult, Predictor, SetupReport } from './predictor.ts';

export interface SupervisedParts {
  readonly startHost: StartHost;
  readonly config: Pick<PredictConfig, 'maxCrashes' | 'crashWindowMs' | 'breakerOpenMs' | 'maxLogCharacters'>;
  readonly log: Log;
  now(): number;
  monotonic(): number;
}

/**
 * One predictor over one host at a time: STARTING -> READY | SETUP_FAILED; a host that ends by itself is started again, at once and
 * then with growing waits; after `maxCrashes` in a window it is DEFUNCT until `breakerOpenMs` have passed. A first setup that fails is
 * final: the code will not get better by itself.
 */
export class SupervisedPredictor implements Predictor {
  readonly #parts: SupervisedParts;
  readonly #stopping = new AbortController();
  #status: Predictor['status'] = 'STARTING';
  #host: PredictorHost | undefined;
  #schemas: Predictor['schemas'];
  #maxConcurrency = 1;
  #setup: Omit<SetupReport, 'logs'>;
  #setupLog: BoundedLog;
  #crashes: number[] = [];
  #predicting = 0;
  #begun = 0;
  #checking: Promise<boolean> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: SupervisedParts) {
    this.#parts = parts;
    this.#setupLog = new BoundedLog(parts.config.maxLogCharacters);
    this.#setup = { started_at: isoTime(parts.now()), completed_at: null, status: 'starting' };
  }

  get status(): Predictor['status'] {
    return this.#status;
  }

  get setup(): SetupReport {
    return { ...this.#setup, logs: this.#setupLog.text };
  }

  get schemas(): Predictor['schemas'] {
    return this.#schemas;
  }

  get maxConcurrency(): number {
    return this.#maxConcurrency;
  }

  async start(): Promise<void> {
    const first = await this.#startHost();
    if (first !== undefined) this.#running = this.#watch(first);
    else if (!this.#stopping.signal.aborted) this.#status = 'SETUP_FAILED';
  }

  async predict(call: PredictCall): Promise<PredictResult> {
    const host = this.#host;
    if (host === undefined) return { status: 'failed', error: `the predictor is not ready: ${this.#status}` };
    this.#predicting += 1;
    this.#begun += 1;
    try {
      return await host.predict(call);
    } finally {
      this.#predicting -= 1;
    }
  }

  /** One question for all who ask at once. */
  check(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async #check(): Promise<boolean> {
    const canBeAsked = () => this.#status === 'READY' || this.#status === 'UNHEALTHY';
    // While it computes it could answer late: what it last said counts.
    if (!canBeAsked() || this.#predicting > 0) return this.#status !== 'UNHEALTHY';
    const begun = this.#begun;
    const answer = this.#host?.check === undefined ? true : await this.#host.check();
    // No answer, because a prediction that came after the question is computed before it.
    if (!canBeAsked() || (answer === undefined && this.#begun !== begun)) return this.#status !== 'UNHEALTHY';
    this.#status = answer === true ? 'READY' : 'UNHEALTHY';
    return answer === true;
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#stopping.abort();
    await this.#host?.stop(deadline);
    await this.#running;
  }

  async #startHost(): Promise<PredictorHost | undefined> {
    const { startHost, config, now, log } = this.#parts;
    this.#status = 'STARTING';
    this.#setupLog = new BoundedLog(config.maxLogCharacters);
    this.#setup = { started_at: isoTime(now()), completed_at: null, status: 'starting' };
    const finish = (status: 'succeeded' | 'failed') => {
      this.#setup = { ...this.#setup, completed_at: isoTime(now()), status };
    };
    try {
      const host = await startHost({
        onLog: (text) => this.#setupLog.add(text),
        // Setup may take minutes; what the predictor takes can be asked for before.
        onSchemas: ({ schemas }) => (this.#schemas = schemas),
        signal: this.#stopping.signal,
      });
      this.#host = host;
      this.#schemas = host.schemas;
      this.#maxConcurrency = host.maxConcurrency;
      finish('succeeded');
      this.#status = 'READY';
      return host;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#setupLog.add(`${text}\n`);
      this.#schemas = undefined;
      finish('failed');
      log.error('setup of a predictor failed', { text });
      return undefined;
    }
  }

  async #watch(first: PredictorHost): Promise<void> {
    const { config, monotonic, log } = this.#parts;
    const { signal } = this.#stopping;
    for (let host: PredictorHost | undefined = first; !signal.aborted;) {
      const reason = host === undefined ? 'setup failed' : await host.ended;
      this.#host = undefined;
      if (signal.aborted) return;
      log.warn('host of a predictor ended', { reason });
      this.#status = 'STARTING';
      const now = monotonic();
      this.#crashes = [...this.#crashes.filter((at) => now - at < config.crashWindowMs), now];
      try {
        await this.#mayStart();
      } catch {
        return;
      }
      host = await this.#startHost();
    }
  }

  /** Rejects when the predictor is stopped meanwhile. */
  async #mayStart(): Promise<void> {
    const { config, monotonic } = this.#parts;
    for (;;) {
      const decision = decideRestart(this.#crashes, monotonic(), config);
      if (decision.kind === 'start') return;
      if (decision.kind === 'refuse') this.#status = 'DEFUNCT';
      await sleep(decision.kind === 'wait' ? decision.ms : decision.retryAfterMs, this.#stopping.signal);
      if (decision.kind === 'refuse') this.#crashes = [];
    }
  }
}
