import type { TenantProject } from '@switchyard/protocol';
import {
  BEGIN_AGAIN,
  CANCEL,
  END_LOST,
  EVENTS,
  FIND,
  GIVE_BACK,
  INSERT,
  LIST,
  LIST_UNTOLD,
  LIST_WAITING,
  SAVE,
  SEAL,
  START,
  SWEEP,
  TOLD,
  WAIT_AGAIN,
} from './prediction-sql.ts';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** Whose prediction: ids are a client's own to choose. */
export interface PredictionName {
  bundleId: string;
  userId: string;
  predictionId: string;
}

/** Of the request only what traces it. */
export interface PredictionWebhook {
  url: string;
  headers: Record<string, string>;
}

export interface PredictionRow {
  bundle_id: string;
  user_id: string;
  prediction_id: string;
  version_id: string | null;
  status: 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled';
  is_async: boolean;
  /** How often it was begun, and how often it may be. */
  attempt: number;
  max_attempts: number;
  webhook: PredictionWebhook | null;
  input: Record<string, unknown>;
  output: unknown;
  error: string | null;
  logs: string;
  metrics: Record<string, unknown>;
  shown_created_at: string;
  shown_started_at: string;
  shown_ended_at: string | null;
  last_event: number;
  cancel_requested: boolean;
  fence: string | null;
  created_at: Date;
}

/** What is needed to run one that waits. */
export interface WaitingRequest {
  /** Of a former version, in the open. */
  request: unknown;
  /** Opening it is the holder's to do. */
  sealed: Uint8Array | null;
}

export interface NewPrediction extends PredictionName {
  /** Undefined: of a source that could not be used. */
  versionId: string | undefined;
  input: unknown;
  webhook: PredictionWebhook | undefined;
  shownCreatedAt: string;
  shownStartedAt: string;
  /** With it, it runs here at once; without, it waits for a worker. */
  held: { fence: string; leaseMs: number } | undefined;
  /** For whoever starts it; undefined where it is held. */
  sealed: Uint8Array | undefined;
  maxAttempts: number;
}

/** What became of it since the last time. */
export interface PredictionProgress {
  status: PredictionRow['status'];
  input: unknown;
  output: unknown;
  error: string | null;
  logs: string;
  metrics: unknown;
  shownStartedAt: string;
  shownEndedAt: string | null;
  events: readonly { id: number; kind: string; data: string }[];
}

export type PredictionRows = ReturnType<typeof createPredictionRows>;

/** The rows of predictions. Every change of a state is one compare-and-set; no row back says that somebody else was first. */
export function createPredictionRows(sql: Sql, scope: TenantProject) {
  const ask = createAsk(sql, scope);
  return {
    ...createHolderRows(ask),
    async find(name: PredictionName): Promise<PredictionRow | undefined> {
      return (await ask(FIND, ...at(name)))[0];
    },
    async cancel(name: PredictionName, shownEndedAt: string): Promise<PredictionRow | undefined> {
      return (await ask(CANCEL, ...at(name), shownEndedAt))[0];
    },
    events: (name: PredictionName, after: number, limit: number) =>
      ask<{ id: number; kind: 'start' | 'log' | 'metric' | 'output' | 'completed'; data: string }>(
        EVENTS,
        ...at(name),
        after,
        limit,
      ),
    /** What nobody alive holds and somebody else may begin again. */
    waitAgain: () => ask(WAIT_AGAIN),
    /** False: somebody was faster. */
    async seal(name: PredictionName, sealed: Uint8Array): Promise<boolean> {
      return (await ask(SEAL, ...at(name), sealed)).length > 0;
    },
    endLost: (shownEndedAt: string, lost: string, unclaimed: string, patienceMs: number) =>
      ask(END_LOST, shownEndedAt, lost, unclaimed, patienceMs),
    /** Waiting for longer than `olderMs`: its job may never have been made. */
    listWaiting: (olderMs: number, limit: number) =>
      ask<PredictionRow & Pick<WaitingRequest, 'request'>>(LIST_WAITING, olderMs, limit),
    /** Over, and its last webhook may never have been made a row. */
    listUntold: (olderMs: number, limit: number) => ask(LIST_UNTOLD, olderMs, limit),
    async told(name: PredictionName): Promise<void> {
      await ask(TOLD, ...at(name));
    },
    /** Newest first. */
    list: (
      bundleId: string,
      filter: { userId?: string | undefined; status?: string | undefined },
      limit: number,
    ) => ask(LIST, bundleId, filter.userId ?? null, filter.status ?? null, limit),
    async sweep(keepMs: number, limit: number): Promise<void> {
      await ask(SWEEP, keepMs, limit);
    },
  };
}

type Ask = ReturnType<typeof createAsk>;

function createAsk(sql: Sql, { tenant, project }: TenantProject) {
  return <T extends object = PredictionRow>(
    statement: { name: string; text: string },
    ...values: unknown[]
  ) => sql.query<T>({ ...statement, values: [tenant, project, ...values] });
}

function at({ bundleId, userId, predictionId }: PredictionName): string[] {
  return [bundleId, userId, predictionId];
}

/** What makes a row, and what whoever holds it does to it. */
function createHolderRows(ask: Ask) {
  return {
    /** `taken`: there is one of this name, or too many of this user's are open; `find` tells which. */
    async insert(row: NewPrediction, maxOpen: number): Promise<'made' | 'taken'> {
      const made = await ask(
        INSERT,
        ...at(row),
        row.versionId ?? null,
        row.held === undefined,
        row.sealed ?? null,
        row.webhook === undefined ? null : json(row.webhook),
        json(row.input),
        row.shownCreatedAt,
        row.shownStartedAt,
        row.held?.fence ?? null,
        row.held?.leaseMs ?? 0,
        maxOpen,
        row.maxAttempts,
      );
      return made.length > 0 ? 'made' : 'taken';
    },
    /** One more attempt of what this fence holds. Undefined: there is none left, somebody canceled, or it is not this fence's any more. */
    async beginAgain(
      name: PredictionName,
      fence: string,
    ): Promise<Pick<PredictionRow, 'attempt' | 'max_attempts'> | undefined> {
      return (await ask<Pick<PredictionRow, 'attempt' | 'max_attempts'>>(BEGIN_AGAIN, ...at(name), fence))[0];
    },
    /** Undefined: nobody may begin it again, or it is not this fence's any more. */
    async giveBack(name: PredictionName, fence: string): Promise<PredictionRow | undefined> {
      return (await ask(GIVE_BACK, ...at(name), fence))[0];
    },
    /** The row with what is needed to run it, which is gone from it then unless it may be begun once more. */
    async start(
      name: PredictionName,
      { fence, leaseMs, versionId }: { fence: string; leaseMs: number; versionId: string },
    ): Promise<(PredictionRow & WaitingRequest) | undefined> {
      return (await ask<PredictionRow & WaitingRequest>(START, ...at(name), fence, leaseMs, versionId))[0];
    },
    /** Undefined: it is not this fence's any more. */
    async save(
      name: PredictionName,
      fence: string,
      progress: PredictionProgress,
      leaseMs: number,
    ): Promise<{ cancel_requested: boolean } | undefined> {
      const { events } = progress;
      const saved = await ask<{ cancel_requested: boolean }>(
        SAVE,
        ...at(name),
        fence,
        progress.status,
        json(progress.input),
        json(progress.output),
        progress.error === null ? null : cleanText(progress.error),
        cleanText(progress.logs),
        json(progress.metrics),
        progress.shownStartedAt,
        progress.shownEndedAt,
        events.map(({ id }) => id),
        events.map(({ kind }) => kind),
        events.map(({ data }) => cleanText(data)),
        leaseMs,
      );
      return saved[0];
    },
  };
}
