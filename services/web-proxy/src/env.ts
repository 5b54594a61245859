import { bytes, duration, flag, integer, list, loadConfig, text } from '@switchyard/kernel';
import { masterKeySettings } from '@switchyard/identity';
import { COOKIE } from '@switchyard/protocol';
import { redisUrlSetting } from '@switchyard/redis';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { z } from 'zod';

/** Every setting of web-proxy; names are these in UPPER_SNAKE_CASE. */
export const settings = z.object({
  host: text('0.0.0.0').describe('Address to listen on'),
  port: integer(8080, 0, 65_535).describe('Port to listen on'),
  sitesPort: integer(8081, 0, 65_535).describe(
    'Port where every host name is a site, on an origin of its own; 0: there is none',
  ),
  siteHosts: list().describe(
    'Host names that are sites on PORT too, as `docs.example.com, *.sites.example.com`; never the one of PUBLIC_URL',
  ),
  metricsPort: integer(0, 0, 65_535).describe('Port of /metrics for scrapers; 0: only from the same machine'),
  tenant: text('demo').describe('Tenant that this stack serves'),
  project: text('main').describe('Project that this stack serves'),
  redisUrl: redisUrlSetting().describe('Redis that holds the masked tokens, in the forms of chat-ingress'),
  ...masterKeySettings,
  ingressUrl: list(['http://127.0.0.1:8010']).describe('Where chat-ingress answers; several by commas'),
  procUrl: list(['http://127.0.0.1:8020']).describe('Where chat-proc answers; several by commas'),
  webUiUrl: list(['http://127.0.0.1:8030']).describe('Where web-ui answers; several by commas'),
  loginUrl: list().describe(
    'Where proxylogin answers; several by commas; empty: there is none, and /auth/* is 404',
  ),
  internalCaFile: text('').describe(
    'Certificates (PEM) of who vouches for the services and for Redis, where their addresses say `https` and `rediss`, and nobody else then; empty: whom Node trusts',
  ),
  upstreamCheckInterval: duration('2s').describe(
    'How often each address of a service that has several is asked whether it is ready',
  ),
  upstreamCheckTimeout: duration('2s').describe('How long such an answer may take'),
  renewTimeout: duration('25s').describe('How long proxylogin may take to make a token anew'),
  publicUrl: text('').describe('Address that browsers use, where it is not the one they connect to'),
  trustedProxies: list().describe(
    'Addresses and networks (`10.0.0.0/8`) of proxies in front, whose word about a client counts; empty: nobody’s does',
  ),
  tlsCertFile: text('').describe('Certificate chain (PEM); with it and a key HTTPS is spoken'),
  tlsKeyFile: text('').describe('Private key (PEM) of the certificate'),
  tlsDir: text('').describe(
    'Folder of certificates for further names: `name.crt` with `name.key`, or folders with `fullchain.pem` and `privkey.pem`',
  ),
  tlsCheckInterval: duration('10s').describe(
    'How often the files of the certificates are looked at for new ones; SIGHUP does it at once',
  ),
  httpPort: integer(0, 0, 65_535).describe(
    'Port that sends browsers to HTTPS, where HTTPS is spoken; 0: there is none',
  ),
  hstsMaxAge: duration('365d').describe(
    'How long browsers shall come by HTTPS only, where they do (Strict-Transport-Security); 0s: not said',
  ),
  hstsSubdomains: flag(false).describe('Whether that goes for every name below, too'),
  maxBody: bytes('25MiB').describe('Largest message; the body may be larger by the form around it'),
  maxArchive: bytes('500MiB').describe('Largest archive of a bundle or a site that is uploaded'),
  maxSiteBody: bytes('1GiB').describe('Largest body of a request to a site'),
  tokenCookiesAccepted: flag(false).describe('Whether cookies that hold a token itself pass from outside'),
  maskedCookie: text(COOKIE.masked).describe('Name of the cookie that stands for a token'),
  accessTokenCookie: text(COOKIE.accessToken).describe('Name of the cookie that may hold an access token'),
  idTokenCookie: text(COOKIE.idToken).describe('Name of the cookie that may hold an id token'),
  connectTimeout: duration('5s').describe('How long connecting to a service may take'),
  upstreamTimeout: duration('120s').describe('Longest silence of a service in mid-answer'),
  siteUpstreamTimeout: duration('15m').describe(
    'Longest silence of a site in mid-answer, and before it; the service ends what is silent for less',
  ),
  headersTimeout: duration('20s').describe('How long a client may take to send its headers'),
  requestTimeout: duration('300s').describe('How long a client may take to send its whole request'),
  siteRequestTimeout: duration('1h').describe(
    'How long a client may take to send its whole request on SITES_PORT',
  ),
  bodyIdleTimeout: duration('30s').describe('How long a client may send nothing in the middle of a body'),
  keepAliveTimeout: duration('75s').describe('How long a connection is kept between two requests'),
  maxHeaders: integer(100, 10, 1000).describe('Headers that a request may have'),
  maxHeaderBytes: bytes('16KiB').describe('Size that the head of a request may have'),
  maxConnections: integer(20_000, 1).describe('Open connections that each port may have'),
  maxConnectionsPerAddress: integer(512, 1).describe(
    'Open connections that one address may have (of IPv6 one /64); of clients behind TRUSTED_PROXIES, requests under way',
  ),
  streamDrain: duration('2s').describe(
    'Time within which open streams end, one after the other, while stopping; clients resume elsewhere',
  ),
  drain: duration('10s').describe('How long requests under way may go on while stopping'),
  logGather: duration('50ms').describe(
    'How long lines of `info` and below may wait to be written together; 0s: each is written at once',
  ),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe lines that are written'),
});

export type ProxyConfig = Readonly<z.output<typeof settings>>;

export const readConfig = (): ProxyConfig => loadConfig(settings, process.env, 'web-proxy');
