import type { CapabilityHandlers, SitePlan } from '@switchyard/protocol';
import type { FakeExec } from './fake-exec.ts';

type Passage = Awaited<ReturnType<CapabilityHandlers<'documents', unknown>['search']>>[number];
export type Fetch = (request: Request) => Promise<Response> | Response;

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
