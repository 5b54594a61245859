import { startPostgresServer } from '@switchyard/devstack';
import type { PostgresServer, Warden } from '@switchyard/devstack';
import { lastingPort } from '@switchyard/testkit';

/** The run's Postgres: it dies and comes back, with every commit that it confirmed. */
export interface PostgresBox {
  readonly port: number;
  readonly url: string;
  isUp(): boolean;
  start(): Promise<void>;
  /** In order, as an upgrade does. */
  stop(): Promise<void>;
  /** `kill -9` of the postmaster; its children notice. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

const DATABASE = 'switchyard';
const PASSWORD = 'chaos';
const START_TRIES = 40;
const RETRY_MS = 500;
/** A small disk holds it; a kill of the process loses nothing that was confirmed, a power cut is not played here. */
const SETTINGS = [
  'fsync=off',
  'full_page_writes=off',
  'synchronous_commit=on',
  'shared_buffers=64MB',
  'min_wal_size=32MB',
  'max_wal_size=128MB',
];

export const openPostgresBox = async (
  dir: string,
  warden: Warden,
  onLine: (line: string) => void,
): Promise<PostgresBox> => {
  const port = await lastingPort();
  let server: PostgresServer | undefined;
  const launch = async (): Promise<void> => {
    const begun = await startPostgresServer({
      dir,
      port,
      password: PASSWORD,
      settings: SETTINGS,
      warden,
      onLine,
    });
    server = begun;
    void begun.exited.then(() => {
      if (server === begun) server = undefined;
    });
  };
  const start = async (): Promise<void> => {
    for (let left = START_TRIES; ; left -= 1) {
      try {
        return await launch();
      } catch (error) {
        // The children of a killed postmaster still hold its memory for a moment.
        if (left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  await start();
  await server?.ensureDatabase(DATABASE);
  const url = server?.url(DATABASE) ?? '';
  return {
    port,
    url,
    isUp: () => server !== undefined,
    start,
    stop: async () => server?.stop(),
    kill: async () => server?.kill(),
    close: async () => server?.stop(),
  };
};
