import { STATUS_CODES } from 'node:http';
import { PlatformError, toErrorBody } from '@switchyard/kernel';

/** A whole answer for a socket that has no response object: before a request could be read, or for a WebSocket that is refused. */
export const writeRefusal = (error: unknown, requestId?: string): string => {
  const { status, body, retryAfterSec } = toErrorBody(error, requestId);
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
    ...(requestId === undefined ? [] : [`X-Request-ID: ${requestId}`]),
    ...(retryAfterSec === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterSec)}`]),
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${text}`;
};

/** By the codes of Node's parser and of its own limits; undefined: there is nobody to tell, or what was spoken is no HTTP. */
export const refusalOf = (code: string | undefined): PlatformError | undefined => {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return PlatformError.of('HEADERS_TOO_LARGE');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return PlatformError.of('TOO_LARGE');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return PlatformError.of('REQUEST_TIMEOUT');
    default:
      return code?.startsWith('HPE_') === true ? PlatformError.of('INVALID_REQUEST') : undefined;
  }
};
