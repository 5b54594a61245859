export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { createIds } from './ids.ts';
export type { Ids } from './ids.ts';
export { ERRORS } from './error-table.ts';
export type { ErrorCode } from './error-table.ts';
export { PlatformError, toErrorBody } from './platform-error.ts';
export type { ErrorBody, ErrorExtra } from './platform-error.ts';
export { Scope, openScoped } from './scope.ts';
export { Deadline } from './deadline.ts';
export { MAX_TIMER_MS, sleep, withTimeout } from './wait.ts';
export { CONNECTION_RETRIES, decideRetryDelay, errorCode, retry } from './retry.ts';
export { signWebhook } from './sign-webhook.ts';
export type { SignedMessage } from './sign-webhook.ts';
export type { RetryRule, RetryTable } from './retry.ts';
export { createServiceGroup } from './service.ts';
export type { HealthReport, Service } from './service.ts';
export { forbidCoreDumps } from './core-dumps.ts';
export { runMain } from './run-main.ts';
export type { MainOptions, RunningMain } from './run-main.ts';
export { sealText, unsealText } from './sealed-text.ts';
export { Secret } from './secret.ts';
export {
  bytes,
  decimal,
  duration,
  failpointsSetting,
  flag,
  integer,
  list,
  optionalSecret,
  secret,
  text,
} from './config-values.ts';
export { describeConfig, loadConfig, settingName } from './config.ts';
export type { SettingRow } from './config.ts';
export { hashHex } from './hash.ts';
export { armFailpoints, failpoint } from './failpoint.ts';
export { FAILPOINTS } from './failpoint-catalog.ts';
export type { FailpointName } from './failpoint-catalog.ts';
export { isPublicAddress } from './public-address.ts';
export { closingAbove } from './closing-above.ts';
export { isProcessAlive } from './is-process-alive.ts';
export { PlaceLine } from './place-line.ts';
export type { NoPlace, PlaceLimits } from './place-line.ts';
