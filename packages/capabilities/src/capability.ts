import { PlatformError } from '@switchyard/kernel';
import type { Usage, UserType, WebScope } from '@switchyard/protocol';
import type { z } from 'zod';

/** For whom a bundle calls. Given by the platform; nothing of it can be set by the call. */
export interface CapabilityCaller {
  bundleId: string;
  versionId: string;
  /** Undefined: the platform's own work, as a schedule. */
  user:
    | { userId: string; userType: UserType; username?: string | undefined; roles?: readonly string[] }
    | undefined;
  /** Whose streams hear of it; undefined: nobody's. */
  sessionId?: string | undefined;
  /** How many bundles called each other before this one; 0 where a person or the platform did. */
  depth?: number;
  /** Aborts when the invocation was cancelled or is over: what it asked for is given up then. */
  signal: AbortSignal;
  /** Of the manifest: hosts that `http` may reach. */
  httpHosts?: readonly string[];
  /** Of the manifest: names that `secrets` may read. */
  secretNames?: readonly string[];
  /** Of the manifest: what of `web` it may use; undefined: all of its own sites. */
  webScope?: WebScope;
  /** Takes what a model call of this invocation used; never rejects. */
  onUsage?: (usage: Usage) => Promise<void>;
}

/** Takes the arguments as they came from the host, which is not trusted. Rejects INVALID_REQUEST when they do not fit. */
export type CapabilityMethod = (caller: CapabilityCaller, args: readonly unknown[]) => Promise<unknown>;

/** One thing that proc does for bundles, by the name under which a manifest asks for it. */
export interface Capability {
  name: string;
  methods: Readonly<Record<string, CapabilityMethod>>;
}

/** A method whose implementation gets the arguments as the schema gives them. */
export function defineMethod<Args extends unknown[]>(
  args: z.ZodType<Args>,
  run: (caller: CapabilityCaller, args: Args) => Promise<unknown>,
): CapabilityMethod {
  return async (caller, given) => {
    const checked = args.safeParse(given);
    if (checked.success) return run(caller, checked.data);
    const issue = checked.error.issues[0];
    throw PlatformError.of(
      'INVALID_REQUEST',
      `Wrong arguments: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    );
  };
}
