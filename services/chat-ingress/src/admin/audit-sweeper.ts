import type { Clock, Service } from '@switchyard/kernel';
import type { AuditLog, AuditRetention, Sql } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';

export interface AuditSweeperParts {
  sql: Pick<Sql, 'tryAdvisoryLock'>;
  auditLog: Pick<AuditLog, 'sweep'>;
  keep: AuditRetention;
  clock: Pick<Clock, 'now'>;
  log: Log;
  lockName: string;
}

const EVERY_MS = 15 * 60_000;
const BATCH = 5_000;

/** Takes away what the audit log no longer keeps. One process of the stack does it at a time, and never a long statement. */
export function createAuditSweeper(parts: AuditSweeperParts): Service & { sweep(): Promise<number> } {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  async function sweep(): Promise<number> {
    let removed = 0;
    await parts.sql.tryAdvisoryLock(parts.lockName, async (lost) => {
      for (;;) {
        const count = await parts.auditLog.sweep(parts.clock.now(), parts.keep, BATCH);
        removed += count;
        if (count < BATCH || lost.aborted || isStopped) return;
      }
    });
    return removed;
  }
  function run(): void {
    running = sweep().catch((error: unknown) =>
      parts.log.warn('old audit entries could not be removed', { error }),
    );
  }
  return {
    name: 'audit-sweeper',
    sweep,
    async start() {
      timer = setInterval(run, EVERY_MS);
      timer.unref();
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
    health: () => ({ ok: true }),
  };
}
