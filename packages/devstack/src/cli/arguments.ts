import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_PORTS, PORT_NAMES } from '../service-catalog.ts';
import type { PortName, ServicePorts } from '../service-catalog.ts';

/** A mistake of the person at the keyboard: shown as one line, without a stack. */
export class UsageError extends Error {}

const PORT_FLAG: Readonly<Record<PortName, string>> = {
  'web-proxy': 'port',
  'chat-ingress': 'chat-ingress-port',
  'chat-proc': 'chat-proc-port',
  'web-ui': 'web-ui-port',
  proxylogin: 'proxylogin-port',
  secrets: 'secrets-port',
  exec: 'exec-port',
  sites: 'sites-port',
};

export const portFlag = (name: PortName): string => `--${PORT_FLAG[name]}`;

const OPTIONS = {
  data: { type: 'string' },
  detach: { type: 'boolean' },
  tls: { type: 'boolean' },
  supervise: { type: 'boolean' },
  user: { type: 'string' },
  type: { type: 'string' },
  yes: { type: 'boolean' },
  follow: { type: 'boolean' },
  port: { type: 'string' },
  'chat-ingress-port': { type: 'string' },
  'chat-proc-port': { type: 'string' },
  'web-ui-port': { type: 'string' },
  'secrets-port': { type: 'string' },
  'exec-port': { type: 'string' },
  'sites-port': { type: 'string' },
  'proxylogin-port': { type: 'string' },
} as const;

export interface Arguments {
  readonly verb: string;
  readonly rest: readonly string[];
  readonly root: string;
  readonly dataDir: string;
  readonly ports: ServicePorts;
  readonly isDetached: boolean;
  /** The page is reached by HTTPS. */
  readonly isTls: boolean;
  /** Set on the background half of `up --detach`. */
  readonly isSupervising: boolean;
  readonly user: string | undefined;
  readonly type: string | undefined;
  readonly isConfirmed: boolean;
  readonly isFollowing: boolean;
}

const HIGHEST_PORT = 65_535;

const readPort = (flag: string, text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > HIGHEST_PORT)
    throw new UsageError(`--${flag}: ${text} is not a port`);
  return port;
};

type Values = Readonly<Record<string, string | boolean | undefined>>;

const readPorts = (values: Values): ServicePorts => {
  const read = (name: PortName): number => {
    const flag = PORT_FLAG[name];
    const text = values[flag];
    return typeof text === 'string' ? readPort(flag, text) : DEFAULT_PORTS[name];
  };
  const entries = PORT_NAMES.map((name) => [name, read(name)] as const);
  const taken = new Map<number, PortName>();
  for (const [name, port] of entries) {
    const other = taken.get(port);
    if (other) throw new UsageError(`${portFlag(name)} and ${portFlag(other)} both say ${port}`);
    taken.set(port, name);
  }
  return Object.fromEntries(entries) as Record<PortName, number>;
};

/** Reads the command line. Paths are taken from the folder that the user stands in. */
export const readArguments = (argv: readonly string[], root: string, cwd: string): Arguments => {
  const [verb = 'help', ...tail] = argv;
  let parsed;
  try {
    parsed = parseArgs({ args: [...tail], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)} (./dev help lists the options)`,
    );
  }
  const { values, positionals } = parsed;
  const data = values.data ?? resolve(root, '.data');
  return {
    verb,
    rest: positionals,
    root,
    dataDir: isAbsolute(data) ? data : resolve(cwd, data),
    ports: readPorts(values),
    isDetached: values.detach === true,
    isTls: values.tls === true,
    isSupervising: values.supervise === true,
    user: values.user,
    type: values.type,
    isConfirmed: values.yes === true,
    isFollowing: values.follow === true,
  };
};
