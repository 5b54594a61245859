import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { READ_ACTION, createAuditLog } from './audit-log.ts';
import type { AuditFilter } from './audit-log.ts';

const SCOPE = { tenant: 't', project: 'p' };
const entry = (action: string, actorId = 'ann', target = 'x') => ({
  actorId,
  action,
  target,
  requestId: 'r-1',
});
const DAY_MS = 86_400_000;

postgresTest(
  'the trail only grows: nothing of an entry is changed, and none is taken out',
  async ({ postgres }) => {
    const { sql } = postgres;
    const audit = createAuditLog(sql, SCOPE);
    const id = await audit.begin(entry('worker.drain'));
    const refused = 'audit_entry only grows';
    for (const text of [
      "update audit_entry set actor_id = 'bob'",
      "update audit_entry set outcome = 'done', actor_id = 'bob'",
      "update audit_entry set at = now() - interval '1 year'",
      "update audit_entry set after = '{}'",
      'delete from audit_entry',
      'truncate audit_entry',
    ])
      await expect(sql.query({ text }), text).rejects.toThrow(refused);
    expect(await audit.end(id, 'done', { after: { ordered: 'drain' } })).toBe(true);
    expect(await audit.end(id, 'refused', { after: 'another' })).toBe(false);
    await expect(sql.query({ text: "update audit_entry set outcome = 'refused'" })).rejects.toThrow(refused);
    // Nor by saying a moment that is not reached yet for this row.
    await expect(
      sql.query({
        text: "delete from audit_entry where set_config('switchyard.audit_before', '1000', true) <> ''",
      }),
    ).rejects.toThrow(refused);
    expect(await audit.list({ limit: 9 })).toMatchObject([{ actor_id: 'ann', outcome: 'done' }]);
  },
);

postgresTest(
  'filters narrow it, alone and together; a page goes on below the last one',
  async ({ postgres }) => {
    const audit = createAuditLog(postgres.sql, SCOPE);
    await createAuditLog(postgres.sql, { ...SCOPE, project: 'q' }).begin(entry('worker.drain'));
    const ids = [
      await audit.begin(entry('worker.drain')),
      await audit.begin(entry('worker.undrain', 'bob')),
      await audit.begin(entry('bundle.props', 'bob', 'hello')),
    ];
    await audit.end(ids[2] ?? 0, 'done', {});
    await audit.record(entry(READ_ACTION, 'bundle:hello', 'hello/key'), 'refused', {});
    const actions = async (filter: Partial<AuditFilter>) =>
      (await audit.list({ limit: 50, ...filter })).map(({ action }) => action);
    expect(await actions({})).toEqual([READ_ACTION, 'bundle.props', 'worker.undrain', 'worker.drain']);
    expect(await actions({ action: 'worker.*' })).toEqual(['worker.undrain', 'worker.drain']);
    expect(await actions({ action: 'worker.drain' })).toEqual(['worker.drain']);
    // No pattern language: what a caller sends is text.
    expect(await actions({ action: 'work%' })).toEqual([]);
    expect(await actions({ action: '%.*' })).toEqual([]);
    expect(await actions({ outcome: 'refused' })).toEqual([READ_ACTION]);
    expect(await actions({ actorId: 'bob', target: 'hello' })).toEqual(['bundle.props']);
    expect(await actions({ limit: 2, before: ids[2] })).toEqual(['worker.undrain', 'worker.drain']);
    const now = Date.now();
    expect(await actions({ since: new Date(now - DAY_MS), until: new Date(now + DAY_MS) })).toHaveLength(4);
    expect(await actions({ since: new Date(now + DAY_MS) })).toEqual([]);
    expect(await actions({ until: new Date(now - DAY_MS) })).toEqual([]);
  },
);

postgresTest(
  'what is old goes, reads sooner than changes, a bounded number at a time',
  async ({ postgres }) => {
    const audit = createAuditLog(postgres.sql, SCOPE);
    const other = createAuditLog(postgres.sql, { ...SCOPE, project: 'q' });
    for (const log of [audit, other]) {
      for (let count = 0; count < 3; count += 1) {
        await log.begin(entry('worker.drain'));
        await log.record(entry(READ_ACTION), 'done', {});
      }
    }
    const keep = { changesMs: 10 * DAY_MS, readsMs: 2 * DAY_MS };
    const at = (days: number) => Date.now() + days * DAY_MS;
    expect(await audit.sweep(at(1), keep, 100)).toBe(0);
    expect(await audit.sweep(at(3), keep, 2)).toBe(2);
    expect(await audit.sweep(at(3), keep, 100)).toBe(1);
    expect(await audit.list({ limit: 9 })).toHaveLength(3);
    expect(await audit.sweep(at(11), keep, 100)).toBe(3);
    expect(await audit.list({ limit: 9 })).toEqual([]);
    expect(await other.list({ limit: 9 })).toHaveLength(6);
  },
);
