import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { userIdSchema } from '../token-claims.ts';
import type { TokenProvider } from './token-provider.ts';

/** Fixed tokens are for a laptop: they are good for ever, and look as good an hour later. */
const LIFE_SEC = 3600;

/** `token=user:role,role;token=user`; role names without the prefix. Throws CONFIG, never showing a token. */
export function parseStaticTokens(text: string): Map<string, { userId: string; roles: string[] }> {
  const found = new Map<string, { userId: string; roles: string[] }>();
  for (const [index, entry] of text.split(';').entries()) {
    if (entry.trim() === '') continue;
    const match = /^([\w.~+/=-]{16,}?)=([^:=]+)(?::([\w,-]*))?$/.exec(entry.trim());
    const userId = userIdSchema.safeParse(match?.[2]);
    if (match?.[1] === undefined || !userId.success)
      throw PlatformError.of(
        'CONFIG',
        `STATIC_TOKENS: entry ${index + 1} is not "token=user:role,role" with a token of at least 16 characters`,
      );
    found.set(hashHex(match[1]), {
      userId: userId.data,
      roles: (match[3] ?? '').split(',').filter((role) => role !== ''),
    });
  }
  return found;
}

/** Fixed tokens from the configuration. Refuses to be made anywhere but in development and tests. */
export function createStaticProvider(parts: {
  tokens: string;
  rolePrefix: string;
  nodeEnv: string | undefined;
  clock: Pick<Clock, 'now'>;
}): TokenProvider {
  const { rolePrefix, nodeEnv, clock } = parts;
  if (nodeEnv !== 'development' && nodeEnv !== 'test')
    throw PlatformError.of(
      'CONFIG',
      'the identity provider static is for development and refuses to start here',
    );
  const known = parseStaticTokens(parts.tokens);
  return {
    name: 'static',
    recognises: (token) => known.has(hashHex(token.text)),
    async prove(token, use) {
      const user = known.get(hashHex(token));
      if (user === undefined || use !== 'access') throw PlatformError.of('BAD_TOKEN');
      return {
        userId: user.userId,
        username: user.userId,
        roles: user.roles.map((role) => `${rolePrefix}${role}`),
        permissions: [],
        expiresAtSec: Math.floor(clock.now() / 1000) + LIFE_SEC,
      };
    },
  };
}
