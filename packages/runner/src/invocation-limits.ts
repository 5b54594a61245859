import type { BundleManifest } from '@switchyard/protocol';
import type { Invocation } from './invocation.ts';

/** In milliseconds; absent: no limit of the runner's. */
export interface InvocationLimits {
  readonly timeoutMs?: number;
  readonly idleMs?: number;
  readonly wallMs?: number;
}

/** What ends an invocation: the smaller of the caller's word and the bundle's own, never the larger. */
export function decideLimits(
  manifest: Pick<BundleManifest, 'limits' | 'operations' | 'schedules' | 'jobs' | 'mcp'>,
  { kind, name = '', timeoutMs }: Pick<Invocation, 'kind' | 'name' | 'timeoutMs'>,
): InvocationLimits {
  const declared = {
    operation: manifest.operations,
    tool: manifest.mcp?.tools ?? {},
    schedule: manifest.schedules,
    job: manifest.jobs,
  };
  const parts: Record<string, { timeoutMs?: number | undefined }> =
    kind in declared ? declared[kind as keyof typeof declared] : {};
  const own = Object.hasOwn(parts, name) ? parts[name]?.timeoutMs : undefined;
  const smaller = Math.min(timeoutMs ?? Infinity, own ?? Infinity);
  const { idleMs, wallMs } = manifest.limits;
  return {
    ...(smaller === Infinity ? {} : { timeoutMs: smaller }),
    ...(kind !== 'turn' || idleMs === undefined ? {} : { idleMs }),
    ...(kind !== 'turn' || wallMs === undefined ? {} : { wallMs }),
  };
}
