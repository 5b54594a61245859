// The one place where the model enters the room of turns: it drives its parts one by one, which no service does.
// @boundaries-ignore parts that no service sees
export { createAccept } from '../../packages/turns/src/accept.ts';
// @boundaries-ignore parts that no service sees
export { createCancel } from '../../packages/turns/src/cancel.ts';
// @boundaries-ignore parts that no service sees
export { createCompletion } from '../../packages/turns/src/completion.ts';
// @boundaries-ignore parts that no service sees
export { buildEnvelope } from '../../packages/turns/src/envelope.ts';
// @boundaries-ignore parts that no service sees
export { createExecution } from '../../packages/turns/src/execution.ts';
// @boundaries-ignore parts that no service sees
export { createLeaseRenewal } from '../../packages/turns/src/lease-renewal.ts';
// @boundaries-ignore parts that no service sees
export { createReaper } from '../../packages/turns/src/reaper.ts';
// @boundaries-ignore parts that no service sees
export { createEpochKeeper } from '../../packages/turns/src/epoch-keeper.ts';
// @boundaries-ignore parts that no service sees
export { createReconciler } from '../../packages/turns/src/reconciler.ts';
// @boundaries-ignore parts that no service sees
export { createRunningTurns } from '../../packages/turns/src/running-turns.ts';
// @boundaries-ignore parts that no service sees
export { ScriptResult } from '../../packages/turns/src/script-result.ts';
// @boundaries-ignore parts that no service sees
export type { RawTask } from '../../packages/turns/src/script-replies.ts';
// @boundaries-ignore parts that no service sees
export { createSlots } from '../../packages/turns/src/slots.ts';
// @boundaries-ignore parts that no service sees
export { createTurnRows } from '../../packages/turns/src/turn-rows.ts';
// @boundaries-ignore parts that no service sees
export type { TurnRows } from '../../packages/turns/src/turn-rows.ts';
// @boundaries-ignore parts that no service sees
export { bindTurnScripts } from '../../packages/turns/src/turn-scripts.ts';
// @boundaries-ignore parts that no service sees
export type { TurnScripts } from '../../packages/turns/src/turn-scripts.ts';
// @boundaries-ignore parts that no service sees
export type {
  AcceptRequest,
  PreparedTurn,
  RunningTurn,
  TurnExecutor,
  TurnOutcome,
} from '../../packages/turns/src/turn-types.ts';
// @boundaries-ignore parts that no service sees
export { turnsConfigSchema, workerConfigSchema } from '../../packages/turns/src/turns-config.ts';
// @boundaries-ignore parts that no service sees
export type { WorkerConfig } from '../../packages/turns/src/turns-config.ts';
// @boundaries-ignore parts that no service sees
export { createFenceCounter } from '../../packages/turns/src/worker-parts.ts';
// @boundaries-ignore parts that no service sees
export type { WorkerParts } from '../../packages/turns/src/worker-parts.ts';
