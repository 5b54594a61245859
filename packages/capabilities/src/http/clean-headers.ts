import type { HeaderList } from '@switchyard/protocol';

/** What belongs to one connection, and what only a proxy or the platform may say. */
const OWN_OF_A_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const PREFIXES = ['proxy-', 'x-forwarded-', 'sec-'];
const FOREIGN_TO_REQUESTS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'forwarded',
  'via',
  'x-real-ip',
]);
/** Not carried along to another origin. */
export const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-api-key']);

export function requestHeaders(headers: HeaderList): HeaderList {
  return cleaned(headers).filter(([name]) => !FOREIGN_TO_REQUESTS.has(name.toLowerCase()));
}

export function responseHeaders(headers: HeaderList): HeaderList {
  return cleaned(headers);
}

export function without(headers: HeaderList, names: ReadonlySet<string>): HeaderList {
  return headers.filter(([name]) => !names.has(name.toLowerCase()));
}

function cleaned(headers: HeaderList): HeaderList {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((one) => one.trim().toLowerCase()));
  const dropped = new Set([...OWN_OF_A_CONNECTION, ...named]);
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !dropped.has(lower) && !PREFIXES.some((prefix) => lower.startsWith(prefix));
  });
}
