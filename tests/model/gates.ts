/**
 * Threads that stop before each step and go on when the explorer says so. A step is one script, one statement or one line of a
 * bundle; between two gates only code without outside effects runs.
 */
export interface Gate {
  /** What the step will do, in words. */
  readonly label: string;
  /** False: the step would find nothing to do, the thread waits. */
  canOpen(): boolean;
  /** Ways in which this step may go wrong, beside going right. */
  readonly mishaps: readonly Mishap[];
  /** Does the step; resolves when its answer is there. */
  open(mishap: Mishap | undefined): Promise<void>;
}
/**
 * `lost`: done, the reply is lost, done again; `lostClaim`: done, and nobody asks again. `refused`: the queue is over its capacity.
 * `away`: not done, Postgres is away; `unknown`: done, and the answer is that Postgres is away. `outage`, `outageAfter`: these two, and
 * Postgres stays away for the thread's next statements. `crashHost`: the bundle's host dies.
 */
export type Mishap =
  | 'lost'
  | 'lostClaim'
  | 'refused'
  | 'away'
  | 'unknown'
  | 'outage'
  | 'outageAfter'
  | 'crashHost';

export interface Thread {
  readonly name: string;
  gate: Gate | undefined;
  /** Killed: whatever it waits for never comes. */
  isDead: boolean;
  /** Everything that it did and was answered: with the stores, its whole state. */
  history: string;
  /** Statements of this thread that Postgres will not answer. */
  awayLeft: number;
  /** What the killed process leaves to somebody else. */
  onKilled: () => void;
}

export interface StepOptions {
  readonly canOpen?: () => boolean;
  readonly mishaps?: readonly Mishap[];
}

export function createThread(name: string): Thread {
  return { name, gate: undefined, isDead: false, history: '', awayLeft: 0, onKilled: () => undefined };
}

const always = () => true;

/** Waits for the explorer, then does `run`. `told` puts the answer into words for the trace. */
export function step<T>(
  thread: Thread,
  label: string,
  run: (mishap: Mishap | undefined) => Promise<T> | T,
  told: (answer: T) => string,
  options: StepOptions = {},
): Promise<T> {
  if (thread.isDead) return new Promise<T>(() => undefined);
  if (thread.gate !== undefined)
    throw new Error(`${thread.name} waits for ${thread.gate.label} and asks for ${label}`);
  return new Promise<T>((resolve, reject) => {
    const open = async (mishap: Mishap | undefined): Promise<void> => {
      thread.gate = undefined;
      try {
        const answer = await run(mishap);
        thread.history += `|${label}=${told(answer)}`;
        resolve(answer);
      } catch (error) {
        thread.history += `|${label}!`;
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    thread.gate = { label, open, canOpen: options.canOpen ?? always, mishaps: options.mishaps ?? [] };
  });
}

export function kill(thread: Thread): void {
  thread.isDead = true;
  thread.gate = undefined;
  thread.onKilled();
}

/** The thread does not do what it was about to do: nobody waits for it. */
export function drop(thread: Thread, label: string): void {
  if (thread.gate?.label.startsWith(label) === true) thread.gate = undefined;
}

/** All that follows from the last answer has happened: nothing but gates holds anybody up. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
