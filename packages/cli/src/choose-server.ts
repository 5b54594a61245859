import { UsageError } from './exit-codes.ts';
import type { ProfileFile } from './profile-store.ts';

export interface ServerWish {
  readonly url: string | undefined;
  readonly profile: string | undefined;
}

export interface ChosenServer {
  readonly url: string;
  readonly token: string | undefined;
  readonly tokenCommand: string | undefined;
}

/**
 * Which server, and with which token. Flags win over the environment, the environment over profiles. The token of a profile goes to that
 * profile's server and to no other: `--url` with another origin is somebody else.
 */
export function chooseServer(
  wish: ServerWish,
  env: Readonly<Record<string, string | undefined>>,
  file: ProfileFile,
): ChosenServer {
  const named = wish.profile ?? given(env['SWITCHYARD_PROFILE']);
  const profile = file.profiles[named ?? file.current];
  if (named !== undefined && profile === undefined)
    throw new UsageError(`There is no profile ${named}; there is ${names(file)}.`);
  // A profile that is named by a flag wins over an address that merely stands in the environment.
  const fromEnv = wish.profile === undefined ? given(env['SWITCHYARD_URL']) : undefined;
  const url = wish.url ?? fromEnv ?? profile?.url;
  if (url === undefined)
    throw new UsageError('No server is named. Sign in with "switchyard login URL", or set SWITCHYARD_URL.');
  const isOwn = profile !== undefined && originOf(profile.url) === originOf(url);
  const envToken = wish.profile === undefined ? given(env['SWITCHYARD_TOKEN']) : undefined;
  return {
    url: originOf(url),
    token: envToken ?? (isOwn ? profile.token : undefined),
    tokenCommand: envToken === undefined && isOwn ? profile.tokenCommand : undefined,
  };
}

/** The address without a trailing slash. Throws UsageError when it is none. */
export function originOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/u.test(url.protocol))
    throw new UsageError(`${text} is not the address of a server, as http://localhost:8080 is.`);
  return `${url.origin}${url.pathname}`.replace(/(?<!\/)\/+$/u, '');
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function names(file: ProfileFile): string {
  return Object.keys(file.profiles).join(', ') || 'none yet';
}
