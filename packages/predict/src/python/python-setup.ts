import type { PredictorFacts, SetupSink } from '../predictor-host.ts';
import type { JsonObject } from '../prediction-view.ts';
import type { Bell } from './bell.ts';
import type { HostFolder } from './host-folder.ts';
import type { PythonHostParts } from './python-host-parts.ts';
import type { PythonProcess } from './python-process.ts';

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

export interface PythonSetupParts {
  readonly host: Pick<PythonHostParts, 'config' | 'source'>;
  readonly folder: HostFolder;
  readonly process: PythonProcess;
  /** Resolves when the process is gone. */
  readonly ended: Promise<string>;
  /** Rings when there may be something new in the folder. */
  readonly bell: Bell;
  readonly sink: SetupSink;
  /** Errors as clients may read them. */
  shown(text: string): string;
}

/** A predictor that is ready, as its host described it. */
export interface PythonSetUp extends PredictorFacts {
  readonly hasHealthcheck: boolean;
  /** It ends the output of each prediction by a mark in both pipes. */
  readonly hasMarks: boolean;
}

/** One setup, as files tell it: what the predictor takes as soon as its code was read, then that it is ready. */
export class PythonSetup {
  readonly #parts: PythonSetupParts;
  #facts: PredictorFacts | undefined;

  constructor(parts: PythonSetupParts) {
    this.#parts = parts;
  }

  /** Bounded by `setupMs`. Rejects with a sentence for whoever wrote the predictor. */
  async run(lookEveryMs: number): Promise<PythonSetUp> {
    const { host, process, bell, sink } = this.#parts;
    const { config } = host;
    const abort = () => process.kill('the server is shutting down');
    sink.signal.addEventListener('abort', abort, { once: true });
    const seconds = config.setupMs / 1000;
    const limit = setTimeout(() => process.kill(`setup took longer than ${seconds} s`), config.setupMs);
    const looks = setInterval(() => bell.ring(), lookEveryMs);
    try {
      return await this.#untilSetUp();
    } finally {
      clearTimeout(limit);
      clearInterval(looks);
      sink.signal.removeEventListener('abort', abort);
    }
  }

  async #untilSetUp(): Promise<PythonSetUp> {
    const { host, folder, shown } = this.#parts;
    const { config, source } = host;
    await folder.write('config.json', {
      module_name: source.module,
      predictor_name: source.predictor,
      max_concurrency: source.maxConcurrency ?? config.maxConcurrency,
    });
    const result = await this.#untilReady();
    if (result.status !== 'succeeded') throw new Error(shown(result.error ?? 'setup failed'));
    // Once more: a host may be done with everything between a look at its schema and one at its setup.
    const facts = await this.#tellFacts();
    if (facts === undefined) throw new Error('the host did not say what its predictor takes');
    return {
      ...facts,
      hasHealthcheck: await folder.has('healthcheck'),
      hasMarks: result.marks === true,
    };
  }

  async #untilReady(): Promise<SetupResult> {
    const { folder, process, ended, bell } = this.#parts;
    for (;;) {
      const woken = bell.next();
      await this.#tellFacts();
      const result = (await folder.read('setup_result.json')) as SetupResult | undefined;
      if (result !== undefined && result.status !== 'succeeded') {
        // It ends by itself then, and its last words are a part of what is told.
        await Promise.race([ended, woken]);
        return result;
      }
      if (result !== undefined && (await folder.has('ready'))) return result;
      if (process.isGone) throw new Error(process.failure);
      await Promise.race([woken, ended]);
    }
  }

  /** Told once, as soon as the code was read: setup may take minutes. Undefined: it was not read yet. */
  async #tellFacts(): Promise<PredictorFacts | undefined> {
    if (this.#facts !== undefined) return this.#facts;
    const { host, folder, sink } = this.#parts;
    const { config, source } = host;
    const described = (await folder.read('openapi.json')) as OpenApiFile | undefined;
    if (described === undefined) return undefined;
    const isAsync = await folder.has('async_predict');
    this.#facts = {
      schemas: described.components.schemas,
      maxConcurrency: isAsync ? (source.maxConcurrency ?? config.maxConcurrency) : 1,
    };
    sink.onSchemas?.(this.#facts);
    return this.#facts;
  }
}
