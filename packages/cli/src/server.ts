import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient, createRequester, systemClientClock } from '@switchyard/client';
import type { Client, RequestOptions } from '@switchyard/client';
import type { ChosenServer } from './choose-server.ts';
import { UsageError } from './exit-codes.ts';
import type { World } from './world.ts';

/** One server with the caller's token. Refusals are ApiError. */
export interface Server {
  readonly url: string;
  readonly chat: Client;
  /** `limitMs`: longest that it may take, where the usual two minutes are too short. */
  json<T>(path: string, options?: RequestOptions & { limitMs?: number }): Promise<T>;
  /** The answer as it is; with `isEndless` it is given no time limit. */
  open(path: string, options?: RequestOptions & { isEndless?: boolean }): Promise<Response>;
  /** `tenant/project`, as addresses have it. */
  scope(): Promise<string>;
}

const run = promisify(execFile);
/** What one request may take: an upload is inspected and warmed before it is answered. */
const REQUEST_MS = 120_000;
const TOKEN_COMMAND_MS = 60_000;

export function createServer(chosen: ChosenServer, world: World, signal: AbortSignal): Server {
  const { url } = chosen;
  const { random } = world;
  let known: Promise<string> | undefined;
  const token = (): Promise<string | undefined> => {
    known ??= readToken(chosen, world);
    return chosen.token === undefined && chosen.tokenCommand === undefined
      ? Promise.resolve(undefined)
      : known;
  };
  const requester = createRequester({
    baseUrl: url,
    token,
    fetch: (input, init) => fetch(input, init),
    clock: systemClientClock,
    random,
  });
  const limited = (options: RequestOptions, limitMs = REQUEST_MS): RequestOptions => ({
    ...options,
    signal: AbortSignal.any([signal, options.signal ?? signal, AbortSignal.timeout(limitMs)]),
  });
  const chat = createClient({ baseUrl: url, token, random });
  return {
    url,
    chat,
    json: (path, { limitMs, ...options } = {}) => requester.json(path, limited(options, limitMs)),
    open: (path, { isEndless = false, ...options } = {}) =>
      requester.open(path, isEndless ? { ...options, signal } : limited(options)),
    async scope() {
      const { tenant, project } = await chat.config();
      return `${encodeURIComponent(tenant)}/${encodeURIComponent(project)}`;
    },
  };
}

async function readToken({ token, tokenCommand }: ChosenServer, world: World): Promise<string> {
  if (token !== undefined || tokenCommand === undefined) return token ?? '';
  try {
    const { stdout } = await run('sh', ['-c', tokenCommand], { timeout: TOKEN_COMMAND_MS, env: world.env });
    return stdout.trim();
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new UsageError(
      `The command for a token failed: ${tokenCommand}${words === '' ? '' : `\n${words}`}`,
    );
  }
}
