import type { CertificateFiles } from './development-certificate.ts';

export const SERVICE_NAMES = [
  'secrets',
  'exec',
  'chat-ingress',
  'chat-proc',
  'proxylogin',
  'web-proxy',
  'web-ui',
] as const;
/** In start order. */
export type ServiceName = (typeof SERVICE_NAMES)[number];
/** Turns end first, then streams are told and closed, both still seen through the proxy; secrets are needed to the end. */
export const STOP_ORDER: readonly ServiceName[] = [
  'chat-proc',
  'chat-ingress',
  'web-proxy',
  'proxylogin',
  'web-ui',
  'exec',
  'secrets',
];
/** web-proxy has two: its own, and one where every host name is a site. */
export const PORT_NAMES = [...SERVICE_NAMES, 'sites'] as const;
export type PortName = (typeof PORT_NAMES)[number];
export type ServicePorts = Readonly<Record<PortName, number>>;

export const DEFAULT_PORTS: ServicePorts = {
  secrets: 7777,
  exec: 8050,
  'chat-ingress': 8010,
  'chat-proc': 8020,
  proxylogin: 8040,
  'web-proxy': 8080,
  'web-ui': 8030,
  sites: 8081,
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
  readonly execToken: string;
  /** Whether generated code can be run. */
  readonly hasExec: boolean;
  /** Whether people can sign in by a page: with proxylogin, which makes their tokens anew. */
  readonly hasLogin: boolean;
  readonly sealedFile: string;
  readonly sealedKeyFile: string;
  /** With it web-proxy speaks HTTPS; undefined: plain HTTP, or what the user's own settings say. */
  readonly certificate?: CertificateFiles | undefined;
  readonly nodeEnv: string;
  readonly logLevel: string;
  /** Where settings of services come from that the stack does not decide: the user's shell, or a test's short limits. */
  readonly userEnv: Readonly<Record<string, string | undefined>>;
}

const local = (port: number): string => `http://127.0.0.1:${port}`;

type Door = Pick<StackSettings, 'ports' | 'certificate'>;

/** How browsers speak to web-proxy. */
export const schemeOf = ({ certificate }: Pick<StackSettings, 'certificate'>): 'http' | 'https' =>
  certificate === undefined ? 'http' : 'https';

/** Browsers find every name below `localhost` on this machine. */
export const siteUrl = (site: string, door: Door): string =>
  `${schemeOf(door)}://${site}.localhost:${door.ports.sites}`;

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

/** Every service that opens or reads sign-ins must know whether tokens are made anew. */
const signInEnv = ({ hasLogin }: StackSettings): Record<string, string> =>
  hasLogin ? { SIGN_IN_PATH: '/auth/sign-in' } : {};

/** As in the image, see decision 0074: what 64 calls have in hand then dies young, and is collected half as often. */
const ROOM_FOR_YOUNG = '--max-semi-space-size=64';

/** Running answers get this long after Ctrl-C; a server gives them two minutes. */
const LAPTOP_DRAIN = '10s';

/** Credentials go to the services that need them and to no other. */
const OWN_ENV: Readonly<Record<ServiceName, (settings: StackSettings) => Record<string, string>>> = {
  secrets: (settings) => ({
    SECRETS_TOKEN: settings.secretsToken,
    SECRETS_SEALED_FILE: settings.sealedFile,
    SECRETS_SEALED_KEY_FILE: settings.sealedKeyFile,
  }),
  exec: (settings) => ({ EXEC_TOKEN: settings.execToken }),
  'chat-ingress': (settings) => ({
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    DATA_DIR: settings.dataDir,
    BLOB_DIR: `${settings.dataDir}/blobs`,
    ...signInEnv(settings),
  }),
  'chat-proc': (settings) => ({
    SITES_URL: siteUrl('{site}', settings),
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    SECRETS_URL: local(settings.ports.secrets),
    SECRETS_TOKEN: settings.secretsToken,
    ...(settings.hasExec ? { EXEC_URL: local(settings.ports.exec), EXEC_TOKEN: settings.execToken } : {}),
    DATA_DIR: settings.dataDir,
    BLOB_DIR: `${settings.dataDir}/blobs`,
    BUNDLE_STORE_DIR: `${settings.dataDir}/bundles`,
    RUNNER_WORK_DIR: `${settings.dataDir}/hosts`,
    BUNDLES_DIR: settings.bundlesDir,
    DOCS_DIR: `${settings.root}/docs`,
    DRAIN_LIMIT: settings.userEnv['DRAIN_LIMIT'] ?? LAPTOP_DRAIN,
    NODE_OPTIONS: settings.userEnv['NODE_OPTIONS'] ?? ROOM_FOR_YOUNG,
    ...signInEnv(settings),
  }),
  proxylogin: (settings) => ({
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    ...signInEnv(settings),
  }),
  'web-proxy': (settings) => ({
    SITES_PORT: String(settings.ports.sites),
    REDIS_URL: settings.redisUrl,
    SWITCHYARD_MASTER_KEY: settings.masterKey,
    INGRESS_URL: local(settings.ports['chat-ingress']),
    PROC_URL: local(settings.ports['chat-proc']),
    WEB_UI_URL: local(settings.ports['web-ui']),
    ...(settings.hasLogin ? { LOGIN_URL: local(settings.ports.proxylogin) } : {}),
    ...(settings.certificate === undefined
      ? {}
      : {
          TLS_CERT_FILE: settings.certificate.cert,
          TLS_KEY_FILE: settings.certificate.key,
          // A browser would keep it for every port of localhost, and for other programs there.
          HSTS_MAX_AGE: settings.userEnv['HSTS_MAX_AGE'] ?? '0s',
        }),
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
