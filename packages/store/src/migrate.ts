import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

const MIGRATIONS_DIR = fileURLToPath(new URL('../migrations', import.meta.url));

/**
 * Brings the schema to the newest version and returns the names of the migrations that ran. Several processes may call
 * it at once: one works, the others wait for it and then find nothing to do. All pending files are one transaction.
 */
export async function migrate(url: string, log: (line: string) => void = () => undefined): Promise<string[]> {
  const ran = await runner({
    databaseUrl: url,
    dir: MIGRATIONS_DIR,
    migrationsTable: 'schema_migration',
    direction: 'up',
    advisoryLockMode: 'wait',
    singleTransaction: true,
    log,
  });
  return ran.map((migration) => migration.name);
}
