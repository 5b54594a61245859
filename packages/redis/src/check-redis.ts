import { PlatformError } from '@switchyard/kernel';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisSettings {
  readonly policy: string;
  readonly appendonly: string;
  readonly stopWrites: string;
  /** The `save` points; empty: no snapshots, then a failed one cannot stop writes. */
  readonly save: string;
  /** `min-replicas-to-write` where Sentinel may put another server in this one's place; absent elsewhere. */
  readonly minReplicas?: string;
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
  if (settings.minReplicas === '0') {
    warnings.push(
      'min-replicas-to-write is 0: a master that is cut off from its sentinels goes on to take writes that are lost, set it to 1',
    );
  }
  return { refusals, warnings };
}

const SETTINGS = {
  policy: 'maxmemory-policy',
  appendonly: 'appendonly',
  stopWrites: 'stop-writes-on-bgsave-error',
  save: 'save',
  minReplicas: 'min-replicas-to-write',
} as const;

/** Reads the settings of every server that has the scope's data or may come to have it, and judges them. */
export async function checkRedis(connection: RedisConnection): Promise<RedisVerdict> {
  const isWatched = connection.topology === 'sentinel';
  const answers = await connection.askServers((driver) => readSettings(driver, isWatched));
  const verdict: RedisVerdict = { refusals: [], warnings: [] };
  for (const answer of answers) {
    const at = answer.server === '' ? '' : `${answer.server}: `;
    if ('error' in answer) {
      const reason = answer.error instanceof Error ? answer.error.message : String(answer.error);
      verdict.warnings.push(`${at}its settings could not be read (${reason})`);
      continue;
    }
    const { refusals, warnings } = decideRedisVerdict(answer.value);
    verdict.refusals.push(...refusals.map((line) => `${at}${line}`));
    verdict.warnings.push(...warnings.map((line) => `${at}${line}`));
  }
  return verdict;
}

async function readSettings(driver: RedisConnection['driver'], isWatched: boolean): Promise<RedisSettings> {
  const read = async (name: string): Promise<string> => {
    try {
      const reply: unknown = await driver.config('GET', name);
      return Array.isArray(reply) ? String(reply[1] ?? '') : '';
    } catch (error) {
      // Managed services do not have CONFIG; a server that is gone is no answer at all.
      if (error instanceof Error && 'command' in error) return '';
      throw error;
    }
  };
  const [policy, appendonly, stopWrites, save] = await Promise.all([
    read(SETTINGS.policy),
    read(SETTINGS.appendonly),
    read(SETTINGS.stopWrites),
    read(SETTINGS.save),
  ]);
  const settings = { policy, appendonly, stopWrites, save };
  return isWatched ? { ...settings, minReplicas: await read(SETTINGS.minReplicas) } : settings;
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
