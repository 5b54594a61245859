import path from 'node:path';
import { openScratchFile } from '@switchyard/runner';
import { removeInside } from '../files/remove-inside.ts';
import type { HostFile, HostOutput, PredictCall, PredictResult } from '../predictor.ts';
import type { JsonObject } from '../prediction-view.ts';
import { hostResponseSchema } from './host-response.ts';
import type { HostResponse } from './host-response.ts';
import type { HostFolder } from './host-folder.ts';

const PIPES = 2;
/** A host that does not say that it writes end marks: its result counts this long after it was written. */
const UNMARKED_MS = 5000;
/** One that says so and is held up, or whose pipe was closed by the predictor. */
const MARKED_MS = 60_000;

export interface PythonRunParts {
  readonly call: PredictCall;
  readonly folder: HostFolder;
  /** Folders whose files may leave as outputs. */
  readonly ownFolders: readonly string[];
  /** Of these, those in which nothing outlives its prediction. */
  readonly temporaryFolders: readonly string[];
  readonly maxFileBytes: number;
  readonly iterates: boolean;
  /** The host says that it ends the output of each prediction by a mark in both pipes. */
  readonly hasMarks: boolean;
}

/** One prediction in a Python host: reads its response files in order, and knows when its result and all of its output are there. */
export class PythonRun {
  readonly result: Promise<PredictResult>;
  readonly #parts: PythonRunParts;
  readonly #resolve: (result: PredictResult) => void;
  #number = 0;
  #marks = 0;
  #outputs = 0;
  #metrics: JsonObject = {};
  readonly #taken = new Map<string, string>();
  #reading: Promise<void> | undefined;
  #readAgain = false;
  #last: PredictResult | undefined;
  #unmarked: NodeJS.Timeout | undefined;

  constructor(parts: PythonRunParts) {
    this.#parts = parts;
    const { promise, resolve } = Promise.withResolvers<PredictResult>();
    this.result = promise;
    this.#resolve = (result) => {
      clearTimeout(this.#unmarked);
      resolve(result);
    };
  }

  get id(): string {
    return this.#parts.call.id;
  }

  line(text: string): void {
    this.#parts.call.onLog(`${text}\n`);
  }

  /** One pipe has nothing more of this prediction. */
  mark(): void {
    this.#marks += 1;
    if (this.#marks >= PIPES) void this.look();
  }

  /** The host is gone: what it had told counts, else this. */
  async lost(result: PredictResult): Promise<void> {
    await this.look();
    this.#resolve(this.#last ?? result);
  }

  /** Files that were taken as outputs: whoever has them open still reads them. Only when nothing more of it is to come. */
  async removeOutputs(): Promise<void> {
    await Promise.all([...this.#taken].map(([file, folder]) => removeInside(folder, file)));
  }

  /** There may be a response. Calls while one reads make it read once more, and wait for it. */
  async look(): Promise<void> {
    this.#readAgain = true;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    await this.#reading;
    this.#conclude();
  }

  async #read(): Promise<void> {
    try {
      while (this.#readAgain) {
        this.#readAgain = false;
        await this.#readAll();
      }
    } catch (error) {
      this.#last ??= {
        status: 'failed',
        error: `the host wrote what cannot be read: ${(error as Error).message}`,
      };
    }
  }

  #conclude(): void {
    if (this.#last === undefined) return;
    if (this.#marks >= PIPES) this.#resolve(this.#last);
    else
      this.#unmarked ??= setTimeout(
        () => this.#last !== undefined && this.#resolve(this.#last),
        this.#parts.hasMarks ? MARKED_MS : UNMARKED_MS,
      );
  }

  async #readAll(): Promise<void> {
    const { folder } = this.#parts;
    while (this.#last === undefined) {
      const name = `response-${this.id}-${String(this.#number).padStart(5, '0')}.json`;
      const raw = await folder.read(name);
      if (raw === undefined) return;
      this.#number += 1;
      await this.#take(hostResponseSchema.parse(raw));
      await folder.forget(name);
    }
  }

  async #take(response: HostResponse): Promise<void> {
    this.#takeMetrics(response.metrics ?? {});
    if (this.#parts.iterates && Array.isArray(response.output)) await this.#takeOutputs(response);
    switch (response.status) {
      case 'starting':
      case 'processing':
        return;
      case 'canceled':
        this.#last = { status: 'canceled' };
        return;
      case 'failed':
        this.#last = { status: 'failed', error: response.error ?? 'the predictor failed' };
        return;
      case 'succeeded': {
        if (this.#parts.iterates) this.#last = { status: 'succeeded', iterates: true };
        else this.#last = await this.#succeed(response);
      }
    }
  }

  async #succeed(response: HostResponse): Promise<PredictResult> {
    try {
      return {
        status: 'succeeded',
        output: await this.#open(response.output ?? null, '', response.files ?? {}),
      };
    } catch (error) {
      return { status: 'failed', error: (error as Error).message };
    }
  }

  /** Those that are new, whether a file tells them alone or all so far. */
  async #takeOutputs({ output, output_from: from = 0, files = {} }: HostResponse): Promise<void> {
    for (const [at, value] of (output as unknown[]).entries()) {
      if (from + at < this.#outputs) continue;
      this.#outputs += 1;
      await this.#parts.call.onOutput(await this.#open(value, `/${at}`, files));
    }
  }

  #takeMetrics(metrics: JsonObject): void {
    for (const [name, value] of Object.entries(metrics)) {
      if (JSON.stringify(value) === JSON.stringify(this.#metrics[name])) continue;
      this.#parts.call.onMetric(name, value);
    }
    this.#metrics = metrics;
  }

  async #open(value: unknown, at: string, files: Readonly<Record<string, string>>): Promise<HostOutput> {
    const opened = new Map<string, HostFile>();
    for (const [pointer, file] of Object.entries(files)) {
      if (pointer !== at && !pointer.startsWith(`${at}/`)) continue;
      opened.set(pointer.slice(at.length), await this.#openFile(file));
    }
    return { value, files: opened };
  }

  /** Rejects with a sentence for whoever wrote the predictor. */
  async #openFile(file: string): Promise<HostFile> {
    const { ownFolders, temporaryFolders, maxFileBytes } = this.#parts;
    const own = ownFolders.find((folder) => path.resolve(file).startsWith(`${folder}${path.sep}`));
    if (own === undefined)
      throw new Error(
        `the output file ${path.basename(file)} is not in a folder of the predictor: write it where \`tempfile\` does, below TMPDIR`,
      );
    const opened = await openScratchFile(own, path.resolve(file), maxFileBytes);
    if (temporaryFolders.includes(own)) this.#taken.set(path.resolve(file), own);
    return { ...opened, name: path.basename(file), bytes: () => opened.bytes(), close: () => opened.close() };
  }
}
