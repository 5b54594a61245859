import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';

const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));

/**
 * Brings the schema to the newest version and returns the names of the migrations that ran. Several processes may call
 * it at once: one works, the others wait for it and then find nothing to do. All pending files are one transaction.
 */
export function migrate(url: string, log: (line: string) => void = () => undefined): Promise<string[]> {
  return runMigrations(url, { direction: 'up', count: Infinity, log });
}

/** `down` is for tests of the files; a released database only goes up. */
export async function runMigrations(
  url: string,
  options: { direction: 'up' | 'down'; count: number; log?: (line: string) => void },
): Promise<string[]> {
  // The runner's own client has no error listener and is not waited for at the end: a connection that the server ends
  // in that moment would end the process.
  const client = new Client({ connectionString: url, application_name: 'switchyard-migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const ran = await runner({
      dbClient: client,
      dir: MIGRATIONS_DIR,
      migrationsTable: 'schema_migration',
      direction: options.direction,
      count: options.count,
      advisoryLockMode: 'wait',
      singleTransaction: true,
      log: options.log ?? (() => undefined),
    });
    return ran.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}
