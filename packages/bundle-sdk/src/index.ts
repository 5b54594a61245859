export { z } from 'zod';
export { defineBundle } from './define-bundle.ts';
export { operation, schedule } from './operation.ts';
export type { Operation, OperationDefinition, Schedule, ScheduleDefinition } from './operation.ts';
export type { BundleDefinition, BundleLimits, TurnReturn } from './bundle-definition.ts';
export type { Bundle, BundleRuntime, HostPort } from './bundle-runtime.ts';
export { CAPABILITIES } from './capabilities.ts';
export type { Capability, DocumentPassage, Documents } from './capabilities.ts';
export type {
  Attachment,
  Citation,
  Communicator,
  CompletedTurn,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  JsonObject,
  Mailbox,
  OperationContext,
  ScheduleContext,
  StepStatus,
  Turn,
  Usage,
  User,
} from './contexts.ts';
