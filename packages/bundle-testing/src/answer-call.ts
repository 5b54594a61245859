import { PlatformError } from '@switchyard/kernel';
import { findCapabilityMethod } from '@switchyard/protocol';
import type { CapabilityName } from '@switchyard/protocol';
import type { BundleCall } from '@switchyard/runner';
import type { FakeCaller, FakeHandlers } from './fake-caller.ts';
import { createFakeExec } from './fake-exec.ts';
import { createFakeNetwork } from './fake-network.ts';
import type { FakePlatform } from './fake-platform.ts';
import { createKv, createStorage } from './fake-storage.ts';
import { createWeb, createWebServe } from './fake-web.ts';
import { toJson } from './to-json.ts';

/** Checks as proc does: granted, known, arguments and result by the catalog. */
export async function answerCall(
  platform: FakePlatform,
  caller: FakeCaller,
  { target, method, args }: BundleCall,
): Promise<unknown> {
  const spec = findCapabilityMethod(target, method);
  if (spec === undefined || (target !== 'mailbox' && !caller.granted.includes(target)))
    throw PlatformError.of('CAPABILITY_DENIED', `The bundle was not granted ${target}.${method}.`);
  const checked = spec.args.safeParse(args);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    const at = issue?.path.join('.') ?? '';
    throw PlatformError.of('INVALID_REQUEST', `Wrong arguments: ${at} ${issue?.message ?? ''}`.trim());
  }
  platform.calls.push({ target, method, args: checked.data });
  const handlers = createHandlers(platform)[target as CapabilityName] as Record<
    string,
    (caller: FakeCaller, ...given: unknown[]) => Promise<unknown>
  >;
  return spec.result.parse(await handlers[method]?.(caller, ...checked.data));
}

function createHandlers(platform: FakePlatform): FakeHandlers {
  return {
    documents: {
      async search(_caller, query, { limit }) {
        const words = query.toLowerCase().split(/\W+/u).filter(Boolean);
        const found = platform.documents.filter(({ title, text }) =>
          words.some((word) => `${title} ${text}`.toLowerCase().includes(word)),
        );
        return found.slice(0, limit);
      },
    },
    storage: createStorage(platform),
    kv: createKv(platform),
    secrets: {
      async get(_caller, name) {
        const value = platform.secrets.get(name);
        if (value === undefined)
          throw PlatformError.of(
            'UNPROCESSABLE',
            `The secret "${name}" is not set: platform.secrets.set(...)`,
          );
        return value;
      },
      has: async (_caller, name) => platform.secrets.has(name),
    },
    ...createFakeNetwork(platform),
    exec: createFakeExec(() => platform.exec),
    operations: createOperations(platform),
    web: createWeb(platform),
    'web.serve': createWebServe(platform),
    jobs: {
      async add(_caller, name, data, { idempotencyKey, delayMs }) {
        const at = platform.jobs.findIndex(
          (one) => idempotencyKey !== undefined && one.idempotencyKey === idempotencyKey,
        );
        if (at !== -1) return { job_id: `job-${at + 1}`, is_new: false };
        platform.jobs.push({ name, data, idempotencyKey, delayMs });
        return { job_id: `job-${platform.jobs.length}`, is_new: true };
      },
    },
    mailbox: {
      peek: async ({ continuations }) => toJson(continuations[0] ?? null),
      take: async ({ continuations }) => toJson(continuations.shift() ?? null),
    },
  };
}

function createOperations({ operations }: FakePlatform): FakeHandlers['operations'] {
  return {
    list: async () =>
      operations.map(({ bundle_id, name, description, input }) =>
        toJson({ bundle_id, name, description, input }),
      ),
    async call({ userId }, bundleId, name, input) {
      const found = operations.find((one) => one.bundle_id === bundleId && one.name === name);
      if (found === undefined) throw PlatformError.of('NOT_FOUND');
      return { output: toJson((await found.run(input, userId)) ?? null) };
    },
  };
}
