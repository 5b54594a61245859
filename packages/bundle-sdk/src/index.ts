export { z } from 'zod';
export { defineBundle } from './define-bundle.ts';
export { operation, schedule, tool } from './operation.ts';
export type {
  Access,
  Operation,
  OperationDefinition,
  Schedule,
  ScheduleDefinition,
  Tool,
} from './operation.ts';
export { file, iteratorOf, predictor, secretText, textIterator } from './predictor.ts';
export type {
  MetricMode,
  OutputIterator,
  PredictContext,
  PredictorDefinition,
  PredictorPart,
} from './predictor-definition.ts';
export { outputFile } from './predictor-values.ts';
export type { PredictorFile, SecretText } from './predictor-values.ts';
export { job } from './job.ts';
export type { JobDefinition } from './job.ts';
export type { Job, Jobs } from './jobs.ts';
export type {
  BundleDefinition,
  BundleLimits,
  Channel,
  Mcp,
  StaticFiles,
  TurnReturn,
  Widget,
} from './bundle-definition.ts';
export type { Bundle, BundleRuntime, HostPort } from './bundle-runtime.ts';
export { CAPABILITIES, httpHosts, webScope } from './capabilities.ts';
export type {
  Capability,
  CapabilityAsk,
  DocumentPassage,
  Documents,
  Http,
  HttpGrant,
  Kv,
  KvEntry,
  Model,
  OfferedOperation,
  Operations,
  Secrets,
  Storage,
  StoredFile,
  Web,
  WebGrant,
  WebServe,
} from './capabilities.ts';
export type { Exec, ExecOptions, ExecProgram, ExecResult } from './exec.ts';
export type { WebAnswer } from './web-answer.ts';
export type {
  SitePlan,
  SiteProblem,
  WebPlanMessage,
  WebRequestMessage,
  WebScope,
} from '@switchyard/protocol';
export type {
  Attachment,
  ChannelContext,
  Citation,
  Communicator,
  CompletedTurn,
  Context,
  ContinuationItem,
  ExternalEvent,
  HistoryTurn,
  JobContext,
  JsonObject,
  Mailbox,
  Notifier,
  OperationContext,
  ScheduleContext,
  StepStatus,
  Turn,
  Usage,
  User,
  WebContext,
} from './contexts.ts';
