import { pino } from 'pino';
import type { DestinationStream } from 'pino';

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

/** Field names whose values never reach a line, at the top and one level down. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'token',
  'password',
  'secret',
  'bearer_token',
  'id_token',
  'set-cookie',
];

/** JSON lines on stdout, or on `destination`. An `error` field is written with its stack and cause. */
export function createLog(options: {
  service: string;
  level: LogLevel;
  destination?: DestinationStream;
}): Log {
  const settings = {
    level: options.level,
    base: { service: options.service },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
    errorKey: 'error',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const logger = options.destination === undefined ? pino(settings) : pino(settings, options.destination);
  return wrap(logger);
}

type PinoLike = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error'> & {
  child(fields: LogFields): PinoLike;
};

function wrap(logger: PinoLike): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
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
