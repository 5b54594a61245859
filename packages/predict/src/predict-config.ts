import type { PythonSandbox } from './python/python-command.ts';

/** Every wait, bound and limit of this room. Times in milliseconds. */
export interface PredictConfig {
  /** Predictions at once over all hosts; a predictor's own number counts beside it. */
  readonly maxConcurrency: number;
  /** Predictions that may wait for a place, where they ask for it, and how long. */
  readonly maxWaiting: number;
  readonly waitMs: number;
  /** From the start of a host to the end of `setup`. */
  readonly setupMs: number;
  /** Until a host has taken a prediction that was handed to it; one that lives and does not is ended. */
  readonly handoverMs: number;
  /** One prediction, from its start. */
  readonly predictMs: number;
  /** From cancel until a host that does not hear it is killed. */
  readonly cancelMs: number;
  /** From SIGTERM to SIGKILL when a host ends. */
  readonly stopMs: number;
  /** How long finished predictions can still be asked for, and how many of them and how many characters are kept. */
  readonly retentionMs: number;
  readonly maxKept: number;
  readonly maxKeptCharacters: number;
  readonly maxBodyBytes: number;
  readonly maxLogCharacters: number;
  /** Of the events that streams which attach later are told. */
  readonly maxReplayCharacters: number;
  /** Of one input file and of one output file. */
  readonly maxFileBytes: number;
  /** A download or an upload, and one delivery of a webhook. */
  readonly transferMs: number;
  readonly webhookMs: number;
  /** Between two webhooks of one prediction that are not its first or its last. */
  readonly webhookEveryMs: number;
  /** Attempts of the last webhook; the waits between them double from `webhookRetryMs`. */
  readonly webhookAttempts: number;
  readonly webhookRetryMs: number;
  /** A client that waits for its answer and goes away takes its prediction with it. */
  readonly cancelsOnDisconnect: boolean;
  /** Inputs that do not fit are answered with 422. */
  readonly isStrict: boolean;
  /** Where files of outputs are put; without it they are data URIs. */
  readonly uploadUrl?: string;
  /** `host:port` that may be reached though they are not public; `*` for all. */
  readonly privateHosts: readonly string[];
  /** Bearer of webhooks and uploads, and the key that signs webhooks. */
  readonly webhookToken?: string;
  readonly webhookSecret?: string;
  readonly maxCrashes: number;
  readonly crashWindowMs: number;
  readonly breakerOpenMs: number;
  /** Names of environment variables that predictors see, beside PATH, HOME and LANG. */
  readonly environment: readonly string[];
  readonly pythonPath: string;
  /** How predictors in Python are contained; without it they are not. */
  readonly pythonSandbox?: PythonSandbox;
  /** MiB that a predictor's process may have for itself; without it the runner's own bound for TypeScript, and none for Python. */
  readonly memoryMb?: number;
  /** Procedures: hosts at once over all sources; over it the idle one that was used longest ago ends. */
  readonly maxRunners: number;
  /** Procedures: a host for each prediction, ended after it. */
  readonly isOneShot: boolean;
  /** Procedures: whether `file://` may name a folder of this machine. */
  readonly allowsFolders: boolean;
  /** Of one source, unpacked; and how many archives are kept for hosts that come later. */
  readonly maxSourceBytes: number;
  readonly maxSourceFiles: number;
  readonly maxKeptSources: number;
  /** Files between server and host stay, for looking into. */
  readonly keepFiles: boolean;
}

const MIB = 1024 * 1024;

export const DEFAULT_PREDICT_CONFIG: PredictConfig = {
  maxConcurrency: 8,
  maxWaiting: 64,
  waitMs: 60_000,
  setupMs: 300_000,
  handoverMs: 60_000,
  predictMs: 3_600_000,
  cancelMs: 10_000,
  stopMs: 5000,
  retentionMs: 24 * 3_600_000,
  maxKept: 1000,
  maxKeptCharacters: 64 * MIB,
  maxBodyBytes: 64 * MIB,
  maxLogCharacters: 4 * MIB,
  maxReplayCharacters: 4 * MIB,
  maxFileBytes: 512 * MIB,
  transferMs: 120_000,
  webhookMs: 10_000,
  webhookEveryMs: 500,
  webhookAttempts: 8,
  webhookRetryMs: 1000,
  cancelsOnDisconnect: true,
  isStrict: false,
  privateHosts: [],
  maxCrashes: 5,
  crashWindowMs: 60_000,
  breakerOpenMs: 30_000,
  environment: [],
  pythonPath: 'python3',
  maxRunners: 8,
  isOneShot: false,
  allowsFolders: true,
  maxSourceBytes: 1024 * MIB,
  maxSourceFiles: 20_000,
  maxKeptSources: 32,
  keepFiles: false,
};
