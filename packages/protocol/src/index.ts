export { ID_PATTERN, STREAM_ID_PATTERN, idSchema, isId, isStreamId, streamIdSchema } from './id.ts';
export type { TenantProject } from './id.ts';
export { USER_TYPES, decideUserType, roleNames, userTypeSchema } from './user-type.ts';
export type { RoleNames, UserType } from './user-type.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export { COOKIE, HEADER, QUERY } from './http-names.ts';
export {
  ACK_STATUSES,
  USER_EVENT,
  ackSchema,
  attachmentSchema,
  externalEventSchema,
  plainMessageSchema,
  submissionSchema,
} from './submission.ts';
export type { Ack, AckStatus, Attachment, ExternalEvent, PlainMessage, Submission } from './submission.ts';
export { TASK_KINDS, TURN_STATUSES, chatTaskPayloadSchema } from './chat-task.ts';
export type { ChatTaskPayload, TaskKind, TurnStatus } from './chat-task.ts';
export {
  COMPLETIONS,
  CONVERSATION_STATES,
  DELTA_MARKERS,
  EVENT_NAMES,
  EVENT_STATUSES,
  STREAM_EVENT_NAMES,
  TERMINAL_EVENTS,
  chatEnvelopeSchema,
  chatErrorSchema,
  convStatusSchema,
  conversationContextSchema,
  eventContextSchema,
  formatTimestamp,
  serviceContextSchema,
} from './chat-envelope.ts';
export type {
  ChatEnvelope,
  Completion,
  ConvStatus,
  ConversationContext,
  ConversationState,
  DeltaMarker,
  EventName,
  EventStatus,
  LogEntry,
  ServiceContext,
  StreamEventName,
  StreamFrame,
} from './chat-envelope.ts';
export { bundleEventSchema, citationSchema, usageSchema } from './bundle-event.ts';
export type { BundleEvent, Citation, Usage } from './bundle-event.ts';
export type { ContinuationItem, HistoryTurn, TurnInvocation, TurnResult } from './turn-invocation.ts';
export { CHANNEL_NAMES, operationResultSchema, webRequestMessageSchema } from './invocation-payload.ts';
export type {
  ChannelInvocation,
  ChannelMessages,
  ChannelName,
  InvocationUser,
  JobInvocation,
  OperationInvocation,
  OperationResult,
  ScheduleInvocation,
  PredictInvocation,
  PredictOutcome,
  WebInvocation,
  WebRequestMessage,
} from './invocation-payload.ts';
export { WEB_OPS, webScopeSchema } from './web-scope.ts';
export type { WebOp, WebScope } from './web-scope.ts';
export {
  SITE_PLAN_LIMITS,
  headerPairSchema,
  sitePatternSchema,
  sitePlanSchema,
  siteProblemSchema,
} from './site-plan.ts';
export type {
  SitePlan,
  SitePlanHeaderRule,
  SitePlanRedirect,
  SiteProblem,
  WebPlanMessage,
} from './site-plan.ts';
export {
  byteStreamSchema,
  bytesSchema,
  headerListSchema,
  wireRequestSchema,
  wireResponseSchema,
} from './wire-http.ts';
export type { ByteStream, HeaderList, WireRequest, WireResponse } from './wire-http.ts';
export { CAPABILITY_LIMITS } from './capability-method.ts';
export type { CapabilityMethodSpec } from './capability-method.ts';
export {
  CAPABILITY_CATALOG,
  CAPABILITY_NAMES,
  documentPassageSchema,
  findCapabilityMethod,
  kvEntrySchema,
  storedFileSchema,
} from './capability-catalog.ts';
export type {
  CapabilityArgs,
  CapabilityCallArgs,
  CapabilityCatalog,
  CapabilityHandlers,
  CapabilityName,
  CapabilityResult,
} from './capability-catalog.ts';
export { offeredOperationSchema } from './operations-capability.ts';
export {
  EXEC_CAUSES,
  EXEC_LANGUAGES,
  execOfferSchema,
  runEventSchema,
  runRequestSchema,
} from './exec-capability.ts';
export type { ExecCause, ExecLanguage, ExecOffer, RunEvent, RunRequest } from './exec-capability.ts';
export { turnRecordSchema } from './turn-record.ts';
export type { TurnRecord } from './turn-record.ts';
export {
  bundleLimitsSchema,
  predictManifestSchema,
  bundleListSchema,
  bundleManifestSchema,
  bundleSummarySchema,
  channelManifestSchema,
  jobManifestSchema,
  mcpManifestSchema,
  operationManifestSchema,
  scheduleManifestSchema,
  toolManifestSchema,
  widgetManifestSchema,
} from './manifest.ts';
export type { BundleLimits, BundleList, BundleManifest, BundleSummary } from './manifest.ts';
export { WIDGET_ICONS } from './widget-icons.ts';
export type { WidgetIconName } from './widget-icons.ts';
export { widgetListSchema, widgetTicketSchema } from './widget-bridge.ts';
export type {
  FromWidget,
  ToWidget,
  WidgetContext,
  WidgetError,
  WidgetList,
  WidgetTicket,
} from './widget-bridge.ts';
export {
  authSessionSchema,
  loggedOutSchema,
  signInEndedSchema,
  signInListSchema,
  signInSchema,
} from './sign-in.ts';
export type { AuthSession, SignInEntry } from './sign-in.ts';
export { frontendConfigSchema, profileSchema } from './profile.ts';
export type { FrontendConfig, Profile } from './profile.ts';
export {
  ARTIFACT_TYPES,
  artifactSchema,
  cancelAnswerSchema,
  conversationDetailsSchema,
  conversationFetchSchema,
  conversationItemSchema,
  conversationListQuerySchema,
  conversationListSchema,
  conversationPatchSchema,
  conversationStatusSchema,
  conversationTurnSchema,
  feedbackAnswerSchema,
  feedbackSchema,
  searchAnswerSchema,
  searchQuerySchema,
} from './conversation.ts';
export type {
  Artifact,
  CancelAnswer,
  ConversationDetails,
  ConversationItem,
  ConversationList,
  ConversationListQuery,
  ConversationPatch,
  ConversationStatus,
  ConversationTurn,
  SearchAnswer,
} from './conversation.ts';
export { describeIssues, errorBodySchema } from './error-body.ts';
export type { ErrorDetail } from './error-body.ts';
export { buildOpenApi } from './openapi.ts';
export type { RouteDescription } from './openapi.ts';
export { titleFromMessage } from './message-title.ts';
export { turnTimingSchema } from './turn-timing.ts';
export type { TurnPart, TurnTiming } from './turn-timing.ts';
export {
  AUDIT_OUTCOMES,
  TASK_PLACES,
  adminAuditQuerySchema,
  adminAuditSchema,
  adminDeadLettersQuerySchema,
  adminDeadLettersSchema,
  adminDropSchema,
  adminInflightQuerySchema,
  adminInflightSchema,
  adminLanesSchema,
  adminOrderSchema,
  adminRatesQuerySchema,
  adminRatesSchema,
  adminRetrySchema,
  adminSessionsQuerySchema,
  adminSessionsSchema,
  adminTurnSchema,
  adminWorkersSchema,
} from './admin.ts';
export { adminUsageQuerySchema, adminUsageSchema } from './admin-usage.ts';
export type { AdminUsage } from './admin-usage.ts';
export type {
  AdminAudit,
  AdminDeadLetters,
  AdminInflight,
  AdminLanes,
  AdminOrder,
  AdminRates,
  AdminRetry,
  AdminTurn,
  AdminWorkers,
} from './admin.ts';
export { secretDocumentSchema } from './secret-document.ts';
export type { SecretDocument } from './secret-document.ts';
