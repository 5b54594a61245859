import type { RequestListener } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { openCertificates } from './certificates.ts';
import type { Certificates } from './certificates.ts';
import { createAddressCounts } from './count-by-address.ts';
import { createProxyApp } from './create-proxy-app.ts';
import type { ProxyAppOptions } from './create-proxy-app.ts';
import type { ProxyConfig } from './env.ts';
import { openListener } from './open-listener.ts';
import type { Listener, ListenerOptions } from './open-listener.ts';
import { proxyUpgrade } from './proxy-upgrade.ts';
import { createHttpsRedirect } from './redirect-to-https.ts';

const orNone = (value: string): string | undefined => (value === '' ? undefined : value);

/** Undefined: HTTPS is not spoken. The files are looked at from time to time, for they have no way of telling, and at once on SIGHUP. */
export const openCertificatesOf = async (
  config: ProxyConfig,
  scope: Scope,
  log: Log,
): Promise<Certificates | undefined> => {
  const [cert, key, dir] = [config.tlsCertFile, config.tlsKeyFile, config.tlsDir].map(orNone);
  if ((cert === undefined) !== (key === undefined))
    throw PlatformError.of('CONFIG', 'web-proxy: TLS_CERT_FILE and TLS_KEY_FILE belong together');
  if (cert === undefined && dir === undefined) return undefined;
  const files = cert === undefined || key === undefined ? undefined : { cert, key };
  const certificates = await openCertificates({ files, dir }, log);
  const reload = (): void => void certificates.reload();
  const timer = setInterval(reload, config.tlsCheckInterval);
  process.on('SIGHUP', reload);
  scope.defer(() => {
    clearInterval(timer);
    process.off('SIGHUP', reload);
  });
  return certificates;
};

interface ListenersParts {
  readonly app: ProxyAppOptions;
  readonly certificates: Certificates | undefined;
  readonly publicOrigin: string | undefined;
}

type PortOptions = Omit<ListenerOptions, 'port' | 'tls'>;

const portOptions = (config: ProxyConfig, app: ProxyAppOptions): PortOptions => {
  const refused = app.metrics.counter(
    'switchyard_proxy_refused_total',
    'Connections and requests that were turned away before there was a request to log.',
    ['reason'],
  );
  return {
    host: config.host,
    limits: {
      headersTimeoutMs: config.headersTimeout,
      requestTimeoutMs: config.requestTimeout,
      keepAliveTimeoutMs: config.keepAliveTimeout,
      maxConnections: config.maxConnections,
      maxHeaderBytes: config.maxHeaderBytes,
      maxHeaders: config.maxHeaders,
    },
    // One count for all ports: who has all his places at one has none at the others.
    connections: createAddressCounts(config.maxConnectionsPerAddress),
    isTrusted: app.parts.clients.isTrusted,
    onRefused: (reason) => refused.add({ reason }),
  };
};

/** Opens the platform's port, the one of sites and the one that leads to HTTPS, where they are wanted. Answers the first. */
export const openListeners = async (
  config: ProxyConfig,
  scope: Scope,
  { app, certificates, publicOrigin }: ListenersParts,
): Promise<Listener> => {
  const options = portOptions(config, app);
  const tls = certificates === undefined ? {} : { tls: certificates };
  const listeners: Listener[] = [];
  const draining = { streamMs: config.streamDrain, waitMs: config.drain };
  // All at once: closing one after the other would take as many times the time that a stop has.
  scope.defer(async () => void (await Promise.all(listeners.map((each) => each.drain(draining)))));
  const listenAt = async (port: number, handle: RequestListener, own: Partial<ListenerOptions>) => {
    const listener = await openListener(handle, { ...options, ...own, port });
    listeners.push(listener);
    return listener;
  };
  const platform = await listenAt(config.port, createProxyApp(app), tls);
  platform.server.on('upgrade', (request, socket, head) => {
    void proxyUpgrade(request, socket, head, app.parts, app.log);
  });
  if (config.sitesPort !== 0) {
    const limits = { ...options.limits, requestTimeoutMs: config.siteRequestTimeout };
    await listenAt(config.sitesPort, createProxyApp(app, 'sites'), { ...tls, limits });
  }
  if (config.httpPort !== 0 && certificates !== undefined) {
    const redirect = createHttpsRedirect({
      isOurs: (name) => certificates.covers(name),
      publicOrigin,
      httpsPort: config.port,
      headLimits: { maxHeaders: config.maxHeaders },
    });
    await listenAt(config.httpPort, redirect, {});
  }
  return platform;
};
