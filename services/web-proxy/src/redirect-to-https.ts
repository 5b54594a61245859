import type { RequestListener } from 'node:http';
import { PlatformError, toErrorBody } from '@switchyard/kernel';
import { checkHead } from './check-head.ts';
import type { HeadLimits } from './check-head.ts';

export interface HttpsRedirectOptions {
  /** Whether a certificate bears the name: nobody is sent elsewhere, whatever Host he was made to say. */
  readonly isOurs: (name: string) => boolean;
  /** Where browsers find us; its port is the one of HTTPS for every name. */
  readonly publicOrigin: string | undefined;
  /** Port of HTTPS, where `publicOrigin` does not say it. */
  readonly httpsPort: number;
  readonly headLimits: HeadLimits;
}

const withoutPort = (host: string): string => host.replace(/:\d+$/u, '');

/** `:8443`, or nothing where it is the usual one. */
const portPart = ({ publicOrigin, httpsPort }: HttpsRedirectOptions): string => {
  const port = publicOrigin?.startsWith('https:') === true ? new URL(publicOrigin).port : String(httpsPort);
  return port === '' || port === '443' ? '' : `:${port}`;
};

const originOf = (host: string | undefined, options: HttpsRedirectOptions): string => {
  const name = withoutPort(host ?? '').toLowerCase();
  if (options.isOurs(name)) return `https://${name}${portPart(options)}`;
  if (options.publicOrigin?.startsWith('https:') === true) return options.publicOrigin;
  throw PlatformError.of('INVALID_REQUEST', 'This host name is not served here.');
};

/**
 * Sends those who read to the same path under HTTPS. Others are refused: what they sent has travelled in clear, and would again, if a redirect
 * made it work.
 */
export const createHttpsRedirect =
  (options: HttpsRedirectOptions): RequestListener =>
  (request, response) => {
    try {
      checkHead(request, options.headLimits);
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw PlatformError.of('INVALID_REQUEST', 'This address speaks HTTPS only.');
      const location = `${originOf(request.headers.host, options)}${request.url ?? '/'}`;
      response.writeHead(308, { location, 'content-length': 0, connection: 'close' }).end();
    } catch (error) {
      const { status, body } = toErrorBody(error);
      const headers = { 'content-type': 'application/json; charset=utf-8', connection: 'close' };
      response.writeHead(status, headers).end(JSON.stringify(body));
    }
  };
