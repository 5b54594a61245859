import { pino, stdSerializers } from 'pino';
import type { DestinationStream } from 'pino';
import { gatherLines } from './gather-lines.ts';
import { redactFields } from './redact.ts';

/** Fields of a log line. Bind ids by these names: `tenant, project, session_id, conversation_id, turn_id, task_id, request_id`. */
export type LogFields = Record<string, unknown>;

/** Messages are constant lower-case sentences; what varies is a field (10, Names). */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Log;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const writeError = (error: unknown): unknown =>
  error instanceof Error ? redactFields({ ...stdSerializers.err(error) }, 0) : error;

export interface LogOptions {
  service: string;
  level: LogLevel;
  destination?: DestinationStream;
  /** So long lines of `info` and below may wait to be written together; 0 or nothing: each is written at once. */
  gatherMs?: number;
}

/** Many lines are of one millisecond, and writing a date out is a good part of a line. */
function createTimestamp(): () => string {
  let [at, text] = [0, ''];
  return () => {
    const date = new Date();
    const now = date.getTime();
    if (now !== at) [at, text] = [now, `,"time":"${date.toISOString()}"`];
    return text;
  };
}

/** JSON lines on stdout, or on `destination`, without secrets. An `error` field is written with its stack and cause. */
export function createLog(options: LogOptions): Log {
  const settings = {
    level: options.level,
    base: { service: options.service },
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: writeError },
    errorKey: 'error',
    timestamp: createTimestamp(),
  };
  const { destination, gatherMs = 0 } = options;
  if (gatherMs === 0 || options.level === 'silent')
    return wrap(destination === undefined ? pino(settings) : pino(settings, destination));
  const lines = gatherLines(destination ?? pino.destination(1), gatherMs);
  // The usual one only begins to write, and an exit may not wait for it.
  process.once('exit', () => lines.flush(destination ?? pino.destination({ dest: 1, sync: true })));
  return wrap(pino(settings, lines), () => lines.flush());
}

type PinoLike = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'> & {
  child(fields: LogFields): PinoLike;
};

/** `urge`: what is worse than `info` does not wait, nor what was said before it. */
function wrap(logger: PinoLike, urge: () => void = () => undefined): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error', after?: () => void) =>
    (message: string, fields: LogFields = {}): void => {
      // What is not written is not looked through either.
      if (!logger.isLevelEnabled(level)) return;
      logger[level](redactFields(fields), message);
      after?.();
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn', urge),
    error: write('error', urge),
    child: (fields) => wrap(logger.child(redactFields(fields)), urge),
  };
}

/** For tests and tools that have no use for lines. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
