export const SERVICE_NAMES = ['secrets', 'chat-ingress', 'chat-proc', 'web-proxy', 'web-ui'] as const;
/** In start order. */
export type ServiceName = (typeof SERVICE_NAMES)[number];
/** Turns end first, then streams are told and closed, both still seen through the proxy; secrets are needed to the end. */
export const STOP_ORDER: readonly ServiceName[] = [
  'chat-proc',
  'chat-ingress',
  'web-proxy',
  'web-ui',
  'secrets',
];
export type ServicePorts = Readonly<Record<ServiceName, number>>;

export const DEFAULT_PORTS: ServicePorts = {
  secrets: 7777,
  'chat-ingress': 8010,
  'chat-proc': 8020,
  'web-proxy': 8080,
  'web-ui': 8030,
};

/** What all services of one stack agree on. */
export interface StackSettings {
  readonly root: string;
  readonly dataDir: string;
  /** Every folder in it is registered as a bundle at start. */
  readonly bundlesDir: string;
  readonly tenant: string;
  readonly project: string;
  readonly ports: ServicePorts;
  readonly publicUrl: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly masterKey: string;
  readonly secretsToken: string;
  readonly sealedFile: string;
  readonly sealedKeyFile: string;
  readonly nodeEnv: string;
  readonly logLevel: string;
  /** Where settings of services come from that the stack does not decide: the user's shell, or a test's short limits. */
  readonly userEnv: Readonly<Record<string, string | undefined>>;
}

const local = (port: number): string => `http://127.0.0.1:${port}`;

const base = (name: ServiceName, settings: StackSettings): Record<string, string> => ({
  NODE_ENV: settings.nodeEnv,
  LOG_LEVEL: settings.logLevel,
  HOST: '127.0.0.1',
  PORT: String(settings.ports[name]),
  METRICS_PORT: '0',
  TENANT: settings.tenant,
  PROJECT: settings.project,
  PUBLIC_URL: settings.publicUrl,
});

/** Running answers get this long after Ctrl-C; a server gives them two minutes. */
const LAPTOP_DRAIN = '10s';

/** Credentials go to the services that need them and to no other. */
const OWN_ENV: Readonly<Record<ServiceName, (settings: StackSettings) => Record<string, string>>> = {
  secrets: (settings) => ({
    SECRETS_TOKEN: settings.secretsToken,
    SECRETS_SEALED_FILE: settings.sealedFile,
    SECRETS_SEALED_KEY_FILE: settings.sealedKeyFile,
  }),
  'chat-ingress': (settings) => ({
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    DATA_DIR: settings.dataDir,
    BLOB_DIR: `${settings.dataDir}/blobs`,
  }),
  'chat-proc': (settings) => ({
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    SECRETS_URL: local(settings.ports.secrets),
    SECRETS_TOKEN: settings.secretsToken,
    DATA_DIR: settings.dataDir,
    BLOB_DIR: `${settings.dataDir}/blobs`,
    BUNDLE_STORE_DIR: `${settings.dataDir}/bundles`,
    RUNNER_WORK_DIR: `${settings.dataDir}/hosts`,
    BUNDLES_DIR: settings.bundlesDir,
    DOCS_DIR: `${settings.root}/docs`,
    DRAIN_LIMIT: settings.userEnv['DRAIN_LIMIT'] ?? LAPTOP_DRAIN,
  }),
  'web-proxy': (settings) => ({
    REDIS_URL: settings.redisUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    INGRESS_URL: local(settings.ports['chat-ingress']),
    PROC_URL: local(settings.ports['chat-proc']),
    WEB_UI_URL: local(settings.ports['web-ui']),
  }),
  'web-ui': () => ({}),
};

/** The environment that the stack decides for a service; it goes over what the user has set. */
export const serviceEnv = (name: ServiceName, settings: StackSettings): Record<string, string> => ({
  ...base(name, settings),
  ...OWN_ENV[name](settings),
});

/** web-ui is a page and the server that hands it out; the others are nothing but a server. */
const sourceFolder = (name: ServiceName, root: string): string =>
  `${root}/services/${name}/src${name === 'web-ui' ? '/server' : ''}`;

export const serviceEntry = (name: ServiceName, root: string): string =>
  `${sourceFolder(name, root)}/main.ts`;
export const serviceEnvFile = (name: ServiceName, root: string): string =>
  `${sourceFolder(name, root)}/env.ts`;
