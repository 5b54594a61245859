import { z } from 'zod';
import type { CapabilityMethodSpec } from './capability-method.ts';
import { CAPABILITY_LIMITS, page, path, prefix, read, write } from './capability-method.ts';
import { bytesSchema, wireRequestSchema, wireResponseSchema } from './wire-http.ts';
import { EXEC_CAPABILITY } from './exec-capability.ts';
import { OPERATIONS_CAPABILITY } from './operations-capability.ts';
import { WEB_CAPABILITIES } from './web-capability.ts';

const LIMITS = CAPABILITY_LIMITS;
const json = z.json().refine((value) => JSON.stringify(value).length <= LIMITS.maxValueCharacters, {
  message: `larger than ${LIMITS.maxValueCharacters} characters`,
});
const key = z.string().min(1).max(LIMITS.maxKeyCharacters);
const owned = { scope: z.enum(['bundle', 'user']).default('bundle') };
const scope = z.strictObject(owned).prefault({});
const fileBytes = bytesSchema.refine((bytes) => bytes.byteLength <= LIMITS.maxFileBytes, {
  message: `larger than ${LIMITS.maxFileBytes} bytes`,
});

export const documentPassageSchema = z.object({
  title: z.string(),
  path: z.string(),
  heading: z.string().optional(),
  anchor: z.string().optional(),
  text: z.string(),
  headline: z.string().optional(),
  score: z.number(),
});
export const storedFileSchema = z.object({
  path: z.string(),
  size: z.number().int().nonnegative(),
  mime: z.string(),
  sha256: z.string(),
  updated_at: z.string(),
});
export const kvEntrySchema = z.object({
  key: z.string(),
  value: z.json(),
  version: z.number().int().positive(),
});
/**
 * What a bundle may ask of the platform: name -> methods. The SDK's typed members, the checks in proc, the fake platform of tests
 * and the reference page come from this table; nothing crosses the host channel that is not in it.
 */
export const CAPABILITY_CATALOG = {
  documents: {
    summary: 'Full-text search over the documents that an admin gave the platform.',
    methods: {
      search: read(
        'Passages that answer a query, best first.',
        z.tuple([
          z.string().max(LIMITS.maxQueryCharacters),
          z
            .strictObject({
              limit: z.number().int().min(1).max(50).default(10),
              collection: z.string().max(128).default('docs'),
            })
            .prefault({}),
        ]),
        z.array(documentPassageSchema),
      ),
    },
  },
  storage: {
    summary: 'Files of the bundle, or of the bundle and the user who calls. 25 MiB a file.',
    methods: {
      read: read(
        'The bytes of a file; null when there is none.',
        z.tuple([path, scope]),
        bytesSchema.nullable(),
      ),
      stat: read(
        'What is known of a file; null when there is none.',
        z.tuple([path, scope]),
        storedFileSchema.nullable(),
      ),
      write: write(
        'Writes a whole file, over a former one.',
        z.tuple([
          path,
          fileBytes,
          z.strictObject({ mime: z.string().max(256).optional(), ...owned }).prefault({}),
        ]),
        storedFileSchema,
      ),
      delete: write('Removes a file; false when there was none.', z.tuple([path, scope]), z.boolean()),
      list: read(
        'Files whose path begins so, in the order of their paths.',
        z.tuple([prefix, z.strictObject({ ...page, ...owned }).prefault({})]),
        z.object({ items: z.array(storedFileSchema), next_cursor: z.string().optional() }),
      ),
    },
  },
  kv: {
    summary:
      'Small JSON values of the bundle, or of the bundle and the user who calls. 256 Ki characters a value.',
    methods: {
      get: read('The entry; null when there is none.', z.tuple([key, scope]), kvEntrySchema.nullable()),
      set: write(
        'Sets a value. With `ifVersion` only over that version (0: only where there is none); null when another one is there.',
        z.tuple([
          key,
          json,
          z
            .strictObject({
              ttlSec: z.number().int().min(1).optional(),
              ifVersion: z.number().int().nonnegative().optional(),
              ...owned,
            })
            .prefault({}),
        ]),
        kvEntrySchema.nullable(),
      ),
      increment: write(
        'Adds to a number, atomically; an absent one is 0. The new number.',
        z.tuple([key, z.number().int(), scope]),
        z.number().int(),
      ),
      delete: write('Removes an entry; false when there was none.', z.tuple([key, scope]), z.boolean()),
      list: read(
        'Entries whose key begins so, in the order of their keys.',
        z.tuple([
          z.string().max(LIMITS.maxKeyCharacters),
          z.strictObject({ ...page, ...owned }).prefault({}),
        ]),
        z.object({ items: z.array(kvEntrySchema), next_cursor: z.string().optional() }),
      ),
    },
  },
  secrets: {
    summary: 'Values that an admin set for the names which the bundle declares in `secrets`.',
    methods: {
      get: read('The value. Rejects `secret_missing` when nobody has set it.', z.tuple([key]), z.string()),
      has: read('Whether it is set.', z.tuple([key]), z.boolean()),
    },
  },
  http: {
    summary: 'Requests to the hosts that the bundle names in `httpHosts(...)`; never to private addresses.',
    methods: {
      fetch: write(
        'One request, made by the platform. Redirects are followed to allowed hosts only.',
        z.tuple([wireRequestSchema]),
        wireResponseSchema,
      ),
      deliver: write(
        'A webhook: kept until the receiver says 2xx, tried again with growing pauses, then dead and shown to the admin. Signed with the named secret as Standard Webhooks are. The same `idempotencyKey` again is one delivery.',
        z.tuple([
          z.strictObject({
            url: z.url().max(2000),
            event: z.string().min(1).max(128),
            payload: json,
            secret: key.optional(),
            idempotencyKey: z.string().min(1).max(256).optional(),
          }),
        ]),
        z.object({ delivery_id: z.string(), is_new: z.boolean() }),
      ),
    },
  },
  model: {
    summary:
      'The language model that an admin connected. Keys stay in the platform; usage is recorded by itself.',
    methods: {
      describe: read(
        'Which model answers and which protocol `fetch` speaks; null when none is connected.',
        z.tuple([]),
        z
          .object({ provider: z.string(), model: z.string(), protocol: z.enum(['openai', 'anthropic']) })
          .nullable(),
      ),
      fetch: write(
        'One request in the protocol of the model. Only path and body count: address and key are the platform’s.',
        z.tuple([wireRequestSchema]),
        wireResponseSchema,
      ),
    },
  },
  ...EXEC_CAPABILITY,
  ...OPERATIONS_CAPABILITY,
  ...WEB_CAPABILITIES,
  jobs: {
    summary: 'Background jobs of the bundle itself: there wherever it declares `jobs`.',
    methods: {
      add: write(
        'Adds a job. The same `idempotencyKey` again gives the first job back.',
        z.tuple([
          key,
          json,
          z
            .strictObject({
              idempotencyKey: z.string().min(1).max(256).optional(),
              delayMs: z.number().int().min(0).default(0),
            })
            .prefault({}),
        ]),
        z.object({ job_id: z.string(), is_new: z.boolean() }),
      ),
    },
  },
  mailbox: {
    summary: 'Messages that arrive while a turn runs: a part of every turn, granted to nobody else.',
    methods: {
      peek: read('The next one, left where it is.', z.tuple([]), z.json()),
      take: write('The next one; it is answered by this turn.', z.tuple([]), z.json()),
    },
  },
} as const satisfies Record<string, { summary: string; methods: Record<string, CapabilityMethodSpec> }>;

export type CapabilityCatalog = typeof CAPABILITY_CATALOG;
export type CapabilityName = keyof CapabilityCatalog;
type MethodsOf<N extends CapabilityName> = CapabilityCatalog[N]['methods'];
type SpecOf<
  N extends CapabilityName,
  M extends keyof MethodsOf<N>,
> = MethodsOf<N>[M] extends CapabilityMethodSpec ? MethodsOf<N>[M] : never;

/** What a caller may leave out is left out here; `CapabilityArgs` is after the defaults. */
export type CapabilityCallArgs<N extends CapabilityName, M extends keyof MethodsOf<N>> = z.input<
  SpecOf<N, M>['args']
>;
export type CapabilityArgs<N extends CapabilityName, M extends keyof MethodsOf<N>> = z.output<
  SpecOf<N, M>['args']
>;
export type CapabilityResult<N extends CapabilityName, M extends keyof MethodsOf<N>> = z.output<
  SpecOf<N, M>['result']
>;

/** An implementation of one capability: every method, with its arguments checked. `Caller` is the implementer's own. */
export type CapabilityHandlers<N extends CapabilityName, Caller> = {
  readonly [M in keyof MethodsOf<N>]: (
    caller: Caller,
    ...args: CapabilityArgs<N, M> extends unknown[] ? CapabilityArgs<N, M> : never
  ) => Promise<CapabilityResult<N, M>>;
};

/** Those that a bundle asks for by name. `jobs`, `secrets` and `http` come with what they need; `mailbox` with a turn. */
export const CAPABILITY_NAMES = [
  'documents',
  'storage',
  'kv',
  'model',
  'exec',
  'operations',
  'web',
  'web.serve',
] as const satisfies readonly CapabilityName[];

/** Undefined: there is no such method. Own properties only, so that no name of a prototype passes. */
export function findCapabilityMethod(target: string, method: string): CapabilityMethodSpec | undefined {
  if (!Object.hasOwn(CAPABILITY_CATALOG, target)) return undefined;
  const methods: Record<string, CapabilityMethodSpec> = CAPABILITY_CATALOG[target as CapabilityName].methods;
  return Object.hasOwn(methods, method) ? methods[method] : undefined;
}
