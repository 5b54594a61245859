import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * A request. `{{name}}` in texts is what a former step saved, or a place of the bench: `webhooks`, `files`, `uploads`, `sources`,
 * `archives`, and its `host`.
 */
export interface SendStep {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** In place of `body`, as it is. */
  readonly raw?: string;
}

export interface Step {
  readonly send?: SendStep;
  /** Sends again until the answer fits. */
  readonly poll?: boolean;
  readonly expect?: {
    readonly status?: number;
    readonly headers?: Record<string, unknown>;
    readonly body?: unknown;
  };
  /** Of an event stream: these, in this order, others between them. The last is the stream's last. */
  readonly events?: readonly { readonly event: string; readonly id?: string; readonly data?: unknown }[];
  /** Names for values of the answer's body, for later steps. */
  readonly save?: Record<string, string>;
  /** Sends several times at once; the answers in any order. `one` fits exactly one of them, `others` the rest. */
  readonly times?: { readonly count: number; readonly one: unknown; readonly others: unknown };
  /** Deliveries to `{{webhooks}}/{key}`: the last fits, and what is said of all of them. */
  readonly webhooks?: {
    readonly key: string;
    readonly last: unknown;
    readonly first?: unknown;
    readonly headers?: Record<string, unknown>;
    /** How many deliveries there are with a terminal status. */
    readonly terminal: number;
    readonly atMost?: number;
  };
  /** Files put to `{{uploads}}`, by name. */
  readonly uploads?: readonly {
    readonly name: string;
    readonly headers: Record<string, unknown>;
    readonly text: string;
  }[];
}

export interface Case {
  readonly name: string;
  /** A folder in `predictors`; `procedures` is a server of procedures. */
  readonly predictor: string;
  /** `ts`, `py`, or both without. */
  readonly kinds?: readonly string[];
  /** Of the server: names as in `PredictConfig`. */
  readonly settings?: Record<string, unknown>;
  readonly steps: readonly Step[];
}

export async function readCases(): Promise<Case[]> {
  const dir = path.join(import.meta.dirname, 'cases');
  const names = (await readdir(dir)).filter((name) => name.endsWith('.json')).toSorted();
  const files = await Promise.all(names.map((name) => readFile(path.join(dir, name), 'utf8')));
  return files.flatMap((text) => JSON.parse(text) as Case[]);
}
