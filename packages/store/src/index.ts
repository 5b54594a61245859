export { openStore } from './open-store.ts';
export type { Store, StoreOptions } from './open-store.ts';
export type { Sql, Statement } from './sql.ts';
export { cleanText, json } from './sql-values.ts';
export { isTransient, isUnavailable, isUniqueViolation, sqlState } from './sql-errors.ts';
export { migrate } from './migrate.ts';
export { createConversations } from './conversations.ts';
export type { Conversations, OwnConversation } from './conversations.ts';
export { createTurnHistory } from './turn-history.ts';
export type { HistoryBounds, TurnHistory } from './turn-history.ts';
export { createFeedback } from './feedback.ts';
export type { Feedback, FeedbackStore } from './feedback.ts';
export { createSearch } from './turn-search.ts';
export type { TurnSearch } from './turn-search.ts';
export { createDocuments } from './documents.ts';
export type { DocumentInput, DocumentRow, Documents, Passage, PassageHit } from './documents.ts';
export { createBundles } from './bundles.ts';
export type { BundleRow, BundleVersionRow, BundleVersionStatus, Bundles } from './bundles.ts';
export { createUsers } from './users.ts';
export type { UserInput, UserRow, Users } from './users.ts';
export { createSignIns } from './sign-ins.ts';
export type { SignInInput, SignInRow, SignIns } from './sign-ins.ts';
export { createAccounts } from './accounts.ts';
export type { AccountInput, AccountRow, Accounts } from './accounts.ts';
export { createSigningKeys } from './signing-keys.ts';
export type { SigningKeyRow, SigningKeys } from './signing-keys.ts';
export { createKeptKeyRows } from './kept-keys.ts';
export type { KeptKeyRow } from './kept-keys.ts';
export { createSealedRows } from './sealed-rows.ts';
export type { SealedColumnName, SealedRow, SealedRows } from './sealed-rows.ts';
export { createSettings } from './settings.ts';
export type { SettingValue, Settings } from './settings.ts';
export { READ_ACTION, createAuditLog } from './audit-log.ts';
export type { AuditFilter, AuditInput, AuditLog, AuditRetention, AuditRow } from './audit-log.ts';
export { createOperationCalls } from './operation-calls.ts';
export type { CallClaim, CallName, OperationCalls } from './operation-calls.ts';
export { createBundleValues } from './bundle-values.ts';
export type { BundleValue, BundleValues, DataOwner, SetOptions } from './bundle-values.ts';
export { createBundleFiles } from './bundle-files.ts';
export type { BundleFile, BundleFiles } from './bundle-files.ts';
export { createBundleProps } from './bundle-props.ts';
export type { BundleProps, BundlePropsRow } from './bundle-props.ts';
export { createPredictionRows } from './predictions.ts';
export type {
  NewPrediction,
  PredictionName,
  PredictionProgress,
  PredictionRow,
  PredictionRows,
  WaitingRequest,
} from './predictions.ts';
export { PROCEDURES, createProcedureVersions } from './procedure-versions.ts';
export type { ProcedureVersionRow, ProcedureVersions } from './procedure-versions.ts';
export { createWebResponses } from './web-responses.ts';
export type { LateAnswer, StoredAnswer, WebResponses } from './web-responses.ts';
export { createUsageReport } from './usage-report.ts';
export type { UsageDimension, UsageQuery, UsageReport, UsageRow, UsageSum } from './usage-report.ts';
export { createUsageLog } from './usage-log.ts';
export type { UsageEntry, UsageLog } from './usage-log.ts';
export { isoText } from './iso-text.ts';
export { createFiles } from './files.ts';
export type { FileOwner, FileRow, Files } from './files.ts';
export { createBlobStore } from './blob-store.ts';
export type { BlobStore, ByteRange, OpenBlob, StoredBlob } from './blob-store.ts';
export { createLimitRows } from './limit-rows.ts';
export type { LimitRow, LimitRows } from './limit-rows.ts';
