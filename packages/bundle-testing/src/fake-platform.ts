import { createHash } from 'node:crypto';
import { findCapabilityMethod } from '@switchyard/protocol';
import type {
  CapabilityHandlers,
  CapabilityName,
  ContinuationItem,
  SitePlan,
  WireRequest,
  WireResponse,
} from '@switchyard/protocol';
import { PlatformError } from '@switchyard/kernel';
import type { BundleCall } from '@switchyard/runner';
import { createFakeExec } from './fake-exec.ts';
import type { FakeExec } from './fake-exec.ts';

type Passage = Awaited<ReturnType<CapabilityHandlers<'documents', unknown>['search']>>[number];
type Fetch = (request: Request) => Promise<Response> | Response;

/** A job that the bundle added, or a live update that it sent. */
export interface AddedJob {
  readonly name: string;
  readonly data: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly delayMs: number;
}

/** An operation of another bundle, as the test answers it. */
export interface FakeOperation {
  readonly bundle_id: string;
  readonly name: string;
  readonly description?: string;
  /** JSON Schema, for the bundle to read; it is not checked. */
  readonly input?: Record<string, unknown>;
  run(input: unknown, userId: string): unknown;
}

/**
 * What stands in for the platform in a test: capabilities in memory, behind the same schemas as the real ones. Fill it before, look into
 * it after. What a bundle may call is decided by what it declares, as in the real platform.
 */
export interface FakePlatform {
  /** Key `bundle:` or `user:{user_id}:`, then the path. */
  readonly storage: Map<string, { bytes: Uint8Array; mime: string }>;
  /** The same keys. */
  readonly kv: Map<string, { value: unknown; version: number }>;
  readonly secrets: Map<string, string>;
  /** What a search finds: those whose text holds a word of the query. */
  readonly documents: Passage[];
  readonly jobs: AddedJob[];
  /** Operations of other bundles that the user may call by `operations`. */
  readonly operations: FakeOperation[];
  /** What was handed to `http.deliver`; nothing is sent. */
  readonly webhooks: Parameters<CapabilityHandlers<'http', unknown>['deliver']>[1][];
  /** Published files of the bundle's site. */
  readonly site: Map<string, string | Uint8Array>;
  /** Answers of `web.respond`. */
  readonly responses: Map<string, Parameters<CapabilityHandlers<'web', unknown>['respond']>[2]>;
  /** What a gateway said of a deploy (`web.serve`), by the question's id. */
  readonly plans: Map<string, SitePlan>;
  /** Every call, with its arguments after the defaults. */
  readonly calls: { target: string; method: string; args: readonly unknown[] }[];
  /** Answers `http.fetch`, to allowed hosts only. Without it such a call is refused. */
  http: Fetch | undefined;
  model: { provider: string; model: string; protocol: 'openai' | 'anthropic'; fetch: Fetch } | undefined;
  /** Answers `exec.run`; what it leaves out of the result is as of a program that printed nothing and ended well. Without it nothing runs code. */
  exec: FakeExec | undefined;
}

export function createFakePlatform(): FakePlatform {
  return {
    storage: new Map(),
    kv: new Map(),
    secrets: new Map(),
    documents: [],
    jobs: [],
    operations: [],
    webhooks: [],
    site: new Map(),
    responses: new Map(),
    plans: new Map(),
    calls: [],
    http: undefined,
    model: undefined,
    exec: undefined,
  };
}

/** For whom a call is answered. */
export interface FakeCaller {
  readonly granted: readonly string[];
  readonly httpHosts: readonly string[];
  readonly userId: string;
  readonly continuations: ContinuationItem[];
  readonly signal: AbortSignal;
}

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

type Handlers = { readonly [N in CapabilityName]: CapabilityHandlers<N, FakeCaller> };

function createHandlers(platform: FakePlatform): Handlers {
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
    http: {
      async fetch(caller, request) {
        const { hostname } = new URL(request.url);
        if (!caller.httpHosts.some((host) => matches(host, hostname)))
          throw PlatformError.of('CAPABILITY_DENIED', `The bundle may not reach ${hostname}.`);
        return relay(platform.http, 'platform.http', request, caller.signal);
      },
      async deliver(caller, webhook) {
        const { hostname } = new URL(webhook.url);
        if (!caller.httpHosts.some((host) => matches(host, hostname)))
          throw PlatformError.of('CAPABILITY_DENIED', `The bundle may not reach ${hostname}.`);
        const { idempotencyKey, event } = webhook;
        const at = platform.webhooks.findIndex(
          (one) =>
            idempotencyKey !== undefined && one.idempotencyKey === idempotencyKey && one.event === event,
        );
        if (at === -1) platform.webhooks.push(webhook);
        return { delivery_id: `w-${at === -1 ? platform.webhooks.length : at + 1}`, is_new: at === -1 };
      },
    },
    model: {
      async describe() {
        if (platform.model === undefined) return null;
        const { provider, model, protocol } = platform.model;
        return { provider, model, protocol };
      },
      fetch: (caller, request) => relay(platform.model?.fetch, 'platform.model', request, caller.signal),
    },
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

function createOperations({ operations }: FakePlatform): Handlers['operations'] {
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

function keyOf(caller: FakeCaller, scope: 'bundle' | 'user', name: string): string {
  return scope === 'bundle' ? `bundle:${name}` : `user:${caller.userId}:${name}`;
}

function createStorage(platform: FakePlatform): Handlers['storage'] {
  const factsOf = (key: string, path: string) => {
    const file = platform.storage.get(key);
    if (file === undefined) return null;
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    return {
      path,
      size: file.bytes.byteLength,
      mime: file.mime,
      sha256,
      updated_at: new Date(0).toISOString(),
    };
  };
  return {
    read: async (caller, path, { scope }) => platform.storage.get(keyOf(caller, scope, path))?.bytes ?? null,
    stat: async (caller, path, { scope }) => factsOf(keyOf(caller, scope, path), path),
    async write(caller, path, bytes, { scope, mime = 'application/octet-stream' }) {
      const key = keyOf(caller, scope, path);
      platform.storage.set(key, { bytes, mime });
      return factsOf(key, path) ?? Promise.reject(new Error('unreachable'));
    },
    delete: async (caller, path, { scope }) => platform.storage.delete(keyOf(caller, scope, path)),
    async list(caller, prefix, { scope, limit, cursor }) {
      const start = keyOf(caller, scope, '');
      const paths = namesBelow(platform.storage.keys(), start, prefix);
      const { names, next } = pageOf(paths, limit, cursor);
      return {
        items: names.map((path) => factsOf(start + path, path)).filter((one) => one !== null),
        ...next,
      };
    },
  };
}

function createKv(platform: FakePlatform): Handlers['kv'] {
  const entryOf = (map: FakePlatform['kv'], name: string, key: string) => {
    const found = map.get(name);
    return found === undefined ? null : { key, value: toJson(found.value), version: found.version };
  };
  return {
    get: async (caller, key, { scope }) => entryOf(platform.kv, keyOf(caller, scope, key), key),
    async set(caller, key, value, { scope, ifVersion }) {
      const name = keyOf(caller, scope, key);
      const version = platform.kv.get(name)?.version ?? 0;
      if (ifVersion !== undefined && ifVersion !== version) return null;
      platform.kv.set(name, { value, version: version + 1 });
      return entryOf(platform.kv, name, key);
    },
    async increment(caller, key, by, { scope }) {
      const name = keyOf(caller, scope, key);
      const { value = 0, version = 0 } = platform.kv.get(name) ?? {};
      const sum = Number(value) + by;
      platform.kv.set(name, { value: sum, version: version + 1 });
      return sum;
    },
    delete: async (caller, key, { scope }) => platform.kv.delete(keyOf(caller, scope, key)),
    async list(caller, prefix, { scope, limit, cursor }) {
      const start = keyOf(caller, scope, '');
      const { names, next } = pageOf(namesBelow(platform.kv.keys(), start, prefix), limit, cursor);
      const items = names.map((key) => entryOf(platform.kv, start + key, key));
      return { items: items.filter((one) => one !== null), ...next };
    },
  };
}

function createWeb({ site, responses }: FakePlatform): Handlers['web'] {
  const deploy = {
    id: 'deploy-1',
    created_at: new Date(0).toISOString(),
    created_by: 'test',
    is_active: true,
    files: 0,
    bytes: 0,
    url: 'http://site.test/',
    problems: [],
  };
  return {
    async publish(_caller, path, content) {
      const created = !site.has(path);
      site.set(path, content);
      return { path, version: `${site.size}`, created };
    },
    unpublish: async (_caller, path) => ({ path, deleted: site.delete(path) }),
    async respond(_caller, requestId, answer) {
      if (!responses.has(requestId)) responses.set(requestId, answer);
      return { request_id: requestId, status: responses.get(requestId)?.status ?? answer.status };
    },
    async list(_caller, prefix, { limit, cursor }) {
      const { names, next } = pageOf(namesBelow(site.keys(), '', prefix), limit, cursor);
      const items = names.map((path) => {
        const content = Buffer.from(site.get(path) ?? '');
        const sha256 = createHash('sha256').update(content).digest('hex');
        return { path, size: content.length, content_type: 'application/octet-stream', sha256 };
      });
      return { items, ...next };
    },
    url: async (_caller, path) => `http://site.test/${path}`,
    async deploy(_caller, files) {
      site.clear();
      for (const { path, content } of files) site.set(path, content);
      return deploy;
    },
    deploys: async () => [deploy],
    rollback: async () => deploy,
    route: async (_caller, pattern) => ({ pattern }),
    purge: async () => ({ purged: true as const }),
  };
}

/** Every question is about the files of `site`. */
function createWebServe(platform: FakePlatform): Handlers['web.serve'] {
  const { list } = createWeb(platform);
  return {
    files: (caller, _planId, page) => list(caller, '', page),
    async read(_caller, _planId, path) {
      const content = platform.site.get(path);
      return content === undefined ? null : Buffer.from(content).toString();
    },
    async plan(_caller, planId, plan) {
      if (platform.plans.has(planId)) return false;
      platform.plans.set(planId, plan);
      return true;
    },
  };
}

function namesBelow(keys: Iterable<string>, start: string, prefix: string): string[] {
  const below = [...keys].filter((key) => key.startsWith(start + prefix));
  return below.map((key) => key.slice(start.length)).toSorted((a, b) => (a < b ? -1 : 1));
}

function pageOf(all: readonly string[], limit: number, cursor: string | undefined) {
  const left = cursor === undefined ? all : all.filter((name) => name > cursor);
  const names = left.slice(0, limit);
  const last = names.at(-1);
  return { names, next: left.length > limit && last !== undefined ? { next_cursor: last } : {} };
}

function matches(pattern: string, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

function missing(what: string): PlatformError {
  return PlatformError.of('UNAVAILABLE', `The test has set no ${what}.`);
}

async function relay(
  answer: Fetch | undefined,
  what: string,
  { method, url, headers, body }: WireRequest,
  signal: AbortSignal,
): Promise<WireResponse> {
  if (answer === undefined) throw missing(what);
  const sent = body instanceof Uint8Array ? { body: new Uint8Array(body) } : {};
  const response = await answer(new Request(url, { method, headers, signal, ...sent }));
  return { status: response.status, headers: [...response.headers], body: response.body };
}

function toJson<T>(value: T) {
  return JSON.parse(JSON.stringify(value)) as never;
}
