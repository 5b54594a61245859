import { PlatformError } from '@switchyard/kernel';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisSettings {
  readonly policy: string;
  readonly appendonly: string;
  readonly stopWrites: string;
  /** The `save` points; empty: no snapshots, then a failed one cannot stop writes. */
  readonly save: string;
}

export interface RedisVerdict {
  /** Reasons to refuse to start: with these settings an acked message can be lost in silence. */
  readonly refusals: string[];
  readonly warnings: string[];
}

/** The rules of 02 (Running). An empty setting means that the server would not show it (managed services). */
export function decideRedisVerdict(settings: RedisSettings): RedisVerdict {
  const refusals: string[] = [];
  const warnings: string[] = [];
  if (settings.policy === '')
    warnings.push('maxmemory-policy cannot be read: make sure that it is noeviction');
  else if (settings.policy !== 'noeviction') {
    refusals.push(
      `maxmemory-policy is ${settings.policy}: set it to noeviction, or Redis may evict queued messages`,
    );
  }
  if (settings.appendonly === 'yes' && settings.stopWrites === 'yes' && settings.save !== '') {
    refusals.push(
      'stop-writes-on-bgsave-error is yes: set it to no, the append-only file already keeps the data',
    );
  }
  if (settings.appendonly === 'no')
    warnings.push('append-only is off: a restart of Redis rebuilds the queue from Postgres');
  return { refusals, warnings };
}

/** Reads the server's settings and judges them. */
export async function checkRedis(connection: RedisConnection): Promise<RedisVerdict> {
  const read = async (name: string): Promise<string> => {
    try {
      const reply: unknown = await connection.driver.config('GET', name);
      return Array.isArray(reply) ? String(reply[1] ?? '') : '';
    } catch {
      return '';
    }
  };
  const [policy, appendonly, stopWrites, save] = await Promise.all([
    read('maxmemory-policy'),
    read('appendonly'),
    read('stop-writes-on-bgsave-error'),
    read('save'),
  ]);
  return decideRedisVerdict({ policy, appendonly, stopWrites, save });
}

/** For the start of a service that keeps messages in Redis: throws CONFIG with every refusal, hands on every warning. */
export async function requireSafeRedis(
  connection: RedisConnection,
  warn: (warning: string) => void,
): Promise<void> {
  const { refusals, warnings } = await checkRedis(connection);
  for (const warning of warnings) warn(warning);
  if (refusals.length > 0)
    throw PlatformError.of('CONFIG', `redis is not safe to use: ${refusals.join('; ')}`);
}
