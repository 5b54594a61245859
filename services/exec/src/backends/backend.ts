import type { Readable } from 'node:stream';
import type { ExecLanguage } from '@switchyard/protocol';

export const BACKEND_CHOICES = ['auto', 'container', 'bwrap'] as const;

/** Where a program stands and starts; of it files come back. */
export const RUN_DIR = '/sandbox';

/** A file that lies in the program's folder when it starts. */
export interface InputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What is to run, with limits that are within the operator's. */
export interface Program {
  readonly language: ExecLanguage;
  /** Looked up on the sandbox's PATH. */
  readonly command: readonly string[];
  readonly stdin: string;
  readonly files: readonly InputFile[];
  readonly memoryBytes: number;
  /** For holders that must end by themselves should nobody be left to end them. */
  readonly timeoutMs: number;
}

/** Who hears of a program while it runs. A promise holds the program up: what it prints then waits in its pipe. */
export interface RunEar {
  output(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void>;
  /** A tar of the folder. It may be anything: the program could have written it. */
  files(tar: Readable): Promise<void>;
}

export interface ProgramExit {
  /** As a shell tells it: over 128 is a signal. Null: it was ended from outside. */
  readonly code: number | null;
  readonly isOutOfMemory: boolean;
}

/** One way to hold a program. Every run has a sandbox of its own, of which nothing is left when `run` has settled. */
export interface Backend {
  readonly name: 'container' | 'bwrap';
  /** What starts here. */
  readonly languages: readonly ExecLanguage[];
  /** Ends the program and everything that it started when `signal` aborts. Rejects when the sandbox itself failed. */
  run(program: Program, ear: RunEar, signal: AbortSignal): Promise<ProgramExit>;
}
