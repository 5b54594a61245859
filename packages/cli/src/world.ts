/** What the program is given of the process that it runs in. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Paths on the command line are taken from here. */
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  newId(): string;
  /** Calls the newest handler on Ctrl-C; the answer takes it away again. */
  onInterrupt(handler: () => void): () => void;
  /** Calls on SIGTERM, which ends the program where nobody listens; the answer takes it away again. */
  onTerminate(handler: () => void): () => void;
}
