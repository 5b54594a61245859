import { createAdmission } from '@switchyard/admission';
import type { Admission } from '@switchyard/admission';
import { defineCapability } from '@switchyard/capabilities';
import type { Capability, CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import { operationResultSchema } from '@switchyard/protocol';
import type { BundleManifest, WireResponse } from '@switchyard/protocol';
import type { Bundles } from '@switchyard/store';
import { PUBLIC_USER } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { Base } from '../open-base.ts';
import { collectBody } from './collect-body.ts';
import { holdBundle } from './hold-bundle.ts';
import { mayUse } from './may-use.ts';

export interface CallsBetweenBundles {
  readonly capability: Capability;
  /** From now on there is somebody to ask. Apart from the opening, since bundles are invoked with the capability above. */
  start(invoker: BundleInvoker): void;
}

interface Parts {
  readonly invoker: () => BundleInvoker;
  readonly bundles: Pick<Bundles, 'list' | 'find'>;
  readonly admission: Pick<Admission, 'admitted'>;
  readonly timeoutMs: number;
  readonly maxDepth: number;
}

type User = NonNullable<CapabilityCaller['user']>;
type OperationManifest = BundleManifest['operations'][string];

/** What one bundle may read of another's `Response`; proc holds it as a whole. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const TEXT = /^(text\/|application\/(json|xml|[a-z0-9.-]+\+(json|xml))\b)/iu;

/** The capability `operations`: what other bundles offer as tools, called as the user for whom the asking bundle works. */
export function openCallsBetweenBundles(
  { redis, keys, clock, bundles }: Base,
  config: ProcConfig,
): CallsBetweenBundles {
  let started: BundleInvoker | undefined;
  const invoker = (): BundleInvoker => {
    if (started === undefined) throw PlatformError.of('UNAVAILABLE', 'This worker is just starting.');
    return started;
  };
  const parts = {
    invoker,
    bundles,
    admission: createAdmission({ redis, keys, config, leases: { clock } }),
    timeoutMs: config.operationTimeout,
    maxDepth: config.operationCallDepth,
  };
  return { capability: createOperationsCapability(parts), start: (given) => void (started = given) };
}

function createOperationsCapability(parts: Parts): Capability {
  return defineCapability('operations', {
    async list({ user, bundleId }) {
      if (!isKnown(user)) return [];
      const rows = await parts.bundles.list();
      return rows
        .filter((row) => row.bundle_id !== bundleId)
        .flatMap((row) =>
          Object.entries(row.version?.manifest?.operations ?? {})
            .filter(([, operation]) => isOffered(operation, user))
            // The store keeps no order, and a model's provider caches what is the same from its beginning.
            .toSorted(([one], [other]) => (one < other ? -1 : 1))
            .map(([name, { description, input }]) => ({
              bundle_id: row.bundle_id,
              name,
              ...(description === undefined ? {} : { description }),
              ...(input === undefined ? {} : { input }),
            })),
        );
    },
    call: (caller, bundleId, name, input) => callOperation(parts, caller, { bundleId, name, input }),
  });
}

async function callOperation(
  parts: Parts,
  { user, bundleId: asking, sessionId, signal, depth = 0 }: CapabilityCaller,
  { bundleId, name, input }: { bundleId: string; name: string; input: unknown },
) {
  if (!isKnown(user))
    throw PlatformError.of('CAPABILITY_DENIED', 'Nobody called, so there is nobody to call an operation as.');
  // Two bundles that call each other would go on until no place is left.
  if (depth >= parts.maxDepth)
    throw PlatformError.of('CAPABILITY_DENIED', `Bundles called each other ${depth} times already.`);
  if (bundleId === asking) throw PlatformError.of('NOT_FOUND');
  const invoker = parts.invoker();
  const { userId, userType, username, roles = [] } = user;
  return parts.admission.admitted({ userId, userType }, undefined, async () => {
    const hold = await holdBundle({ invoker, bundles: parts.bundles }, bundleId);
    try {
      const { operations } = hold.manifest;
      const manifest = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (manifest === undefined || !isOffered(manifest, user)) throw PlatformError.of('NOT_FOUND');
      const named = username === undefined ? {} : { username };
      const called = { user_id: userId, ...named, user_type: userType, roles: [...roles] };
      const value = await invoker.run(hold, {
        kind: 'operation',
        name,
        payload: { input, user: called },
        user: called,
        ...(sessionId === undefined ? {} : { sessionId }),
        depth: depth + 1,
        timeoutMs: manifest.timeoutMs ?? parts.timeoutMs,
        signal,
      });
      const result = operationResultSchema.parse(value);
      return 'response' in result
        ? { output: await textOf(result.response) }
        : { output: toJson(result.output) };
    } finally {
      hold.release();
    }
  });
}

/** Strangers share one name, so nothing can be done as one of them. */
function isKnown(user: User | undefined): user is User {
  return user !== undefined && user.userId !== PUBLIC_USER.userId;
}

/** Its author offers it as a tool, and its own rule lets this user in. */
function isOffered(operation: OperationManifest, { userType, roles = [] }: User): boolean {
  return operation.tool === true && mayUse(operation, { userType, roles });
}

function toJson(output: unknown) {
  // What a host sent was JSON; nothing at all is null.
  return (output ?? null) as never;
}

async function textOf({ headers, body }: WireResponse): Promise<string> {
  const mime = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'text/plain';
  if (TEXT.test(mime)) return (await collectBody(body, MAX_ANSWER_BYTES)).toString('utf8');
  if (body !== null && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
  throw PlatformError.of('UNPROCESSABLE', `The operation answers with a file (${mime}), not with data.`);
}
