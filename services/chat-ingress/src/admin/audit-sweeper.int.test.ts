import { createAuditLog } from '@switchyard/store';
import { silentLog } from '@switchyard/telemetry';
import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createAuditSweeper } from './audit-sweeper.ts';

const DAY_MS = 86_400_000;

postgresTest('what is kept no longer goes, in one process at a time', async ({ postgres }) => {
  const { sql } = postgres;
  const auditLog = createAuditLog(sql, { tenant: 't', project: 'p' });
  await auditLog.begin({ actorId: 'ann', action: 'worker.drain', target: 'w', requestId: 'r' });
  const parts = {
    sql,
    auditLog,
    keep: { changesMs: 10 * DAY_MS, readsMs: DAY_MS },
    log: silentLog,
    lockName: 'audit-sweeper-test',
  };
  const after = (days: number) =>
    createAuditSweeper({ ...parts, clock: { now: () => Date.now() + days * DAY_MS } });
  expect(await after(9).sweep()).toBe(0);
  await sql.tryAdvisoryLock(parts.lockName, async () => expect(await after(11).sweep()).toBe(0));
  expect(await after(11).sweep()).toBe(1);
});
