import type { Service } from '@switchyard/kernel';
import type { BlobStore, Conversations, Files, Sql } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';

export interface BlobSweeperParts {
  sql: Sql;
  files: Pick<Files, 'dropUnusedBlobs'>;
  blobs: Pick<BlobStore, 'remove' | 'removeAbandoned'>;
  conversations: Pick<Conversations, 'listUnremoved' | 'removeContents'>;
  now: () => number;
  log: Log;
  lockName: string;
}

// An upload is stored before its message is a row: what nobody names is kept this long.
const UNTOUCHED_SEC = 3600;
const EVERY_MS = 15 * 60_000;
const BATCH = 100;

/** Removes what deleted conversations and abandoned uploads left behind. One process of the stack does it at a time. */
export function createBlobSweeper(parts: BlobSweeperParts): Service & { sweep(): Promise<void> } {
  const { sql, files, blobs, conversations, log } = parts;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let lastError: string | undefined;

  async function sweep(): Promise<void> {
    await sql.tryAdvisoryLock(parts.lockName, async (lost) => {
      for (const conversationId of await conversations.listUnremoved(BATCH)) {
        if (lost.aborted) return;
        await conversations.removeContents(conversationId);
      }
      const before = new Date(parts.now() - UNTOUCHED_SEC * 1000);
      for (const sha256 of await files.dropUnusedBlobs(UNTOUCHED_SEC)) await blobs.remove(sha256, before);
      await blobs.removeAbandoned(before);
    });
  }
  function run(): void {
    running = sweep().then(
      () => (lastError = undefined),
      (error: unknown) => {
        lastError = String(error);
        log.warn('sweeping files failed', { error });
      },
    ) as Promise<void>;
  }
  return {
    name: 'blob-sweeper',
    sweep,
    async start() {
      timer = setInterval(run, EVERY_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
    health: () => ({ ok: true, ...(lastError === undefined ? {} : { detail: { last_error: lastError } }) }),
  };
}
