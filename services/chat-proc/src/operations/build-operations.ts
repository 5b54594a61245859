import { createAdmission } from '@switchyard/admission';
import type { Route } from '@switchyard/http';
import type { Scope } from '@switchyard/kernel';
import { createConversations, createOperationCalls } from '@switchyard/store';
import type { Guards } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { Base } from '../open-base.ts';
import { createMcpRoutes } from '../mcp/mcp-routes.ts';
import { openRates } from './open-rates.ts';
import { createOperationRoutes } from './operation-routes.ts';
import { createServeOperation } from './serve-operation.ts';

export interface BuildOperationsParts {
  readonly base: Base;
  readonly config: ProcConfig;
  readonly guards: Guards;
  readonly invoker: BundleInvoker;
}

const SWEEP_EVERY_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 10_000;

/** The operations and MCP endpoints of bundles with all that they need; what remembers calls is swept as long as `scope` is open. */
export async function buildOperations(
  scope: Scope,
  { base, config, guards, invoker }: BuildOperationsParts,
): Promise<Route[]> {
  const { sql, redis, keys, ids, bundles, log, clock } = base;
  const calls = createOperationCalls(sql, base.scope);
  const sweep = (): void => {
    calls
      .sweep(SWEPT_AT_ONCE)
      .catch((error: unknown) => log.warn('old calls could not be removed', { error }));
  };
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  timer.unref();
  scope.defer(() => clearInterval(timer));
  const admission = createAdmission({
    redis,
    keys,
    config: await openRates(scope, base, config),
    leases: { clock },
  });
  const timeoutMs = config.operationTimeout;
  const serveOperation = createServeOperation({
    invoker,
    bundles,
    conversations: createConversations(sql, base.scope),
    calls,
    admission,
    ids,
    scope: base.scope,
    timeoutMs,
    keepCallsMs: config.operationKeepCalls,
    maxKeptBytes: config.operationKeepBytes,
  });
  return [
    ...createOperationRoutes({ guards, serveOperation }),
    ...createMcpRoutes({ guards, invoker, admission, timeoutMs }),
  ];
}
