import type { AloneOptions, PredictServer } from '@switchyard/predict';
import { textOption } from '../command-spec.ts';
import type { CommandContext, OptionSpec, OptionValues } from '../command-spec.ts';
import { EXIT_CODES, UsageError } from '../exit-codes.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** What `--await-explicit-shutdown` lets predictions have after SIGTERM. */
const PATIENT_MS = 24 * 3_600_000;

/** As a bundle's own `limits.memoryMb`: no host starts with less. */
const LEAST_MEMORY_MB = 32;

export const SANDBOX: OptionSpec = {
  flags: '--sandbox <level>',
  description: 'how a predictor is contained; in Python by bwrap or not at all',
  choices: ['auto', 'bwrap', 'permission', 'none'],
};

export const PASS_ENV: OptionSpec = {
  flags: '--pass-env <names>',
  description: 'NAME,... of the environment that predictors in Python see, beside PATH, HOME and LANG',
};

/** Of everything that serves predictions. */
export const SERVING: readonly OptionSpec[] = [
  { flags: '--port <number>', description: 'where it listens (5000)' },
  { flags: '--host <address>', description: 'on which address (127.0.0.1)' },
  { flags: '--max-concurrency <number>', description: 'predictions at once (8)' },
  { flags: '--upload-url <address>', description: 'where files of outputs are put; data URIs without' },
  { flags: '--strict-input', description: 'answer 422 to input that does not fit' },
  {
    flags: '--await-explicit-shutdown',
    description: 'SIGTERM lets predictions end for as long as they take',
  },
  { flags: '--grace <duration>', description: 'what running predictions are given at the end (30s)' },
  {
    flags: '--allow-private <hosts>',
    description: 'host:port,... that inputs, sources and webhooks may name; * for all',
  },
  {
    flags: '--keep-abandoned',
    description: 'a client that waits for its answer and goes away does not cancel its prediction',
  },
  { flags: '--keep-files', description: 'keep the files between server and host, for looking into' },
  { flags: '--memory <MiB>', description: 'what the process of a predictor may have for itself' },
  PASS_ENV,
  SANDBOX,
];

/** What the options of SERVING say. Throws UsageError. */
export function readServing(
  context: CommandContext,
  port: number,
  logLevel: AloneOptions['logLevel'],
): AloneOptions {
  const { options, world } = context;
  const uploadUrl = textOption(options, 'uploadUrl');
  const maxConcurrency = numberOption(context, 'maxConcurrency', 1);
  const memoryMb = numberOption(context, 'memory', LEAST_MEMORY_MB);
  const sandbox = textOption(options, 'sandbox') as AloneOptions['sandbox'];
  const { WEBHOOK_AUTH_TOKEN: webhookToken, WEBHOOK_SIGNING_SECRET: webhookSecret } = world.env;
  return {
    port: numberOption(context, 'port') ?? port,
    host: textOption(options, 'host') ?? '127.0.0.1',
    graceMs: durationOf(textOption(options, 'grace') ?? '30s'),
    env: world.env,
    ...(sandbox === undefined ? {} : { sandbox }),
    random: () => world.random(),
    logLevel,
    logTo: world.stderr,
    config: {
      isStrict: options['strictInput'] === true,
      cancelsOnDisconnect: options['keepAbandoned'] !== true,
      keepFiles: options['keepFiles'] === true,
      privateHosts: listOption(options, 'allowPrivate'),
      environment: listOption(options, 'passEnv'),
      ...(uploadUrl === undefined ? {} : { uploadUrl }),
      ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      ...(memoryMb === undefined ? {} : { memoryMb }),
      ...(webhookToken === undefined ? {} : { webhookToken }),
      ...(webhookSecret === undefined ? {} : { webhookSecret }),
    },
  };
}

/** Says where it listens, and waits for its end: POST /shutdown, SIGTERM or Ctrl-C. */
export async function untilClosed(
  { options, output, signal, world }: CommandContext,
  server: PredictServer,
): Promise<number> {
  output.result({ status: 'listening', url: server.url }, `listening at ${server.url}`);
  const graceMs = options['awaitExplicitShutdown'] === true ? PATIENT_MS : undefined;
  const release = world.onTerminate(() => void server.close(graceMs));
  signal.addEventListener('abort', () => void server.close(), { once: true });
  try {
    await server.closed;
  } finally {
    release();
  }
  return signal.aborted ? EXIT_CODES.interrupted : EXIT_CODES.ok;
}

export function numberOption({ options }: CommandContext, name: string, least = 0): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  const flag = name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);
  if (!Number.isInteger(value) || value < least)
    throw new UsageError(`--${flag} takes a whole number from ${least} on, not ${text}.`);
  return value;
}

function listOption(options: OptionValues, name: string): string[] {
  return (textOption(options, name) ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function durationOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h)$/u.exec(text) ?? [];
  if (digits === undefined) throw new UsageError(`${text} is no duration: 30s, 5m.`);
  return Number(digits) * (UNITS[unit] ?? 1);
}
