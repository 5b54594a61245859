import { createAdmission } from '@switchyard/admission';
import type { Admission } from '@switchyard/admission';
import { createIdentity, openKeptKeys } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import { createRelay } from '@switchyard/relay';
import type { Relay } from '@switchyard/relay';
import {
  createAuditLog,
  createUsageReport,
  createBundles,
  createConversations,
  createFeedback,
  createFiles,
  createSearch,
  createTurnHistory,
  createUsers,
} from '@switchyard/store';
import type {
  AuditLog,
  UsageReport,
  Bundles,
  Conversations,
  FeedbackStore,
  Files,
  TurnHistory,
  TurnSearch,
  Users,
} from '@switchyard/store';
import { createOldestWaitAlarm, createTurns, createTurnsAdmin } from '@switchyard/turns';
import type { Turns, TurnsAdmin } from '@switchyard/turns';
import { openLimits } from './admin/open-limits.ts';
import type { OpenedLimits } from './admin/open-limits.ts';
import { createAuditSweeper } from './admin/audit-sweeper.ts';
import type { IngressConfig } from './env.ts';
import { createBlobSweeper } from './files/blob-sweeper.ts';
import type { Resources } from './open-resources.ts';
import { createOpenStreams } from './streams/open-streams.ts';
import type { OpenStreams } from './streams/open-streams.ts';
import { createUploadBudget } from './submit/upload-budget.ts';
import type { UploadBudget } from './submit/upload-budget.ts';

/** What of a stop's time is kept for closing connections to the stores. */
export const CLOSE_RESERVE_MS = 2000;

/** The rooms of the walk, put together over what was opened. */
export interface IngressParts extends Resources, OpenedLimits {
  config: IngressConfig;
  scope: TenantProject;
  identity: Identity;
  admission: Admission;
  turns: Turns;
  turnsAdmin: TurnsAdmin;
  auditLog: AuditLog;
  usageReport: UsageReport;
  users: Users;
  relay: Relay;
  bundles: Bundles;
  conversations: Conversations;
  history: TurnHistory;
  feedback: FeedbackStore;
  search: TurnSearch;
  files: Files;
  streams: OpenStreams;
  budget: UploadBudget;
}

/** Builds them in order; the master key is proved to fit the database before anybody is served. */
export async function buildParts(
  config: IngressConfig,
  resources: Resources,
  closing: Scope,
): Promise<IngressParts> {
  const { log, metrics, clock, ids, keys, redis, subscriber, store, blobs } = resources;
  const { sql } = store;
  const scope = { tenant: config.tenant, project: config.project };
  const kept = await openKeptKeys({ sql, ids, config });
  const identity = createIdentity({ sql, redis, keys, clock, ids, config, kept });
  await identity.check();
  const limits = await openLimits(config, resources, scope, closing);
  const { liveLimits, breakers } = limits;
  const admission = createAdmission({ redis, keys, config: () => liveLimits.current().admission, breakers });
  const capacity = () => liveLimits.current().capacity;
  const turns = createTurns({ redis, sql, keys, scope, config, capacity, clock, ids, log, metrics });
  const turnsAdmin = createTurnsAdmin({ redis, sql, keys, scope, config, clock, ids });
  const alarm = createOldestWaitAlarm({
    lanes: turnsAdmin.lanes,
    everyMs: config.oldestWaitEvery,
    clock,
    log,
    metrics,
  });
  await alarm.start();
  closing.defer(() => alarm.stop(Deadline.in(CLOSE_RESERVE_MS)));
  const relay = createRelay({ redis, subscriber, keys, clock, metrics });
  closing.defer(() => relay.close());
  const conversations = createConversations(sql, scope);
  const files = createFiles(sql, scope);
  const lockName = `switchyard:blobs:${scope.tenant}:${scope.project}`;
  const sweeper = createBlobSweeper({
    sql,
    files,
    blobs,
    conversations,
    now: () => clock.now(),
    log,
    lockName,
  });
  await sweeper.start();
  closing.defer(() => sweeper.stop(Deadline.in(CLOSE_RESERVE_MS)));
  const auditLog = createAuditLog(sql, scope);
  const auditSweeper = createAuditSweeper({
    sql,
    auditLog,
    keep: { changesMs: config.auditKeep, readsMs: config.auditKeepReads },
    clock,
    log,
    lockName: `switchyard:audit:${scope.tenant}:${scope.project}`,
  });
  await auditSweeper.start();
  closing.defer(() => auditSweeper.stop(Deadline.in(CLOSE_RESERVE_MS)));
  return {
    ...resources,
    config,
    scope,
    identity,
    ...limits,
    admission,
    turns,
    turnsAdmin,
    auditLog,
    usageReport: createUsageReport(sql, scope),
    users: createUsers(sql, scope),
    relay,
    bundles: createBundles(sql, scope),
    conversations,
    history: createTurnHistory(sql, scope),
    feedback: createFeedback(sql, scope),
    search: createSearch(sql, scope, conversations),
    files,
    streams: createOpenStreams(config.maxStreamsPerSession),
    budget: createUploadBudget(config.uploadBudget),
  };
}
