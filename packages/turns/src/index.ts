export { createTurns } from './create-turns.ts';
export type { TurnsOptions } from './create-turns.ts';
export { createWorker } from './create-worker.ts';
export type { WorkerOptions } from './create-worker.ts';
export { turnsConfigSchema, workerConfigSchema } from './turns-config.ts';
export type { TurnsConfig, WorkerConfig } from './turns-config.ts';
export { TurnAbort } from './turn-abort.ts';
export type {
  AbortReason,
  AcceptRequest,
  AcceptResult,
  CancelRequest,
  ClaimedTask,
  ConversationSnapshot,
  PreparedTurn,
  QueueStats,
  RunningTurn,
  StoredTask,
  TurnErrorRecord,
  TurnEvent,
  TurnExecutor,
  TurnIdentity,
  TurnOutcome,
  Turns,
} from './turn-types.ts';
export { createTurnsAdmin } from './admin/create-turns-admin.ts';
export type { TurnsAdmin, TurnsAdminOptions } from './admin/create-turns-admin.ts';
export { turnsAdminSettings } from './admin/admin-config.ts';
export { createOldestWaitAlarm } from './admin/oldest-wait-alarm.ts';
export type { OldestWaitAlarmOptions } from './admin/oldest-wait-alarm.ts';
export type { Retried } from './admin/dead-letters.ts';
export { buildEnvelope, conversationContext, serviceContext } from './envelope.ts';
