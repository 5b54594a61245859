import type {
  CapabilityCallArgs,
  CapabilityName,
  CapabilityResult,
  documentPassageSchema,
  kvEntrySchema,
  offeredOperationSchema,
  SitePlan,
  storedFileSchema,
  WebScope,
} from '@switchyard/protocol';
import type { z } from 'zod';
import type { Exec } from './exec.ts';
import type { WebAnswer } from './web-answer.ts';

/** What a bundle may ask for by name. Nothing is granted that is not named in its definition and allowed by the platform. */
export const CAPABILITIES = [
  'documents',
  'storage',
  'kv',
  'model',
  'exec',
  'operations',
  'web',
  'web.serve',
] as const satisfies readonly CapabilityName[];

/** Asks for requests to these hosts and no others: `api.example.com`, or `*.example.com` for all below it. */
export interface HttpGrant {
  readonly name: 'http';
  readonly hosts: readonly string[];
}

/** Asks for a part of `web`. */
export interface WebGrant {
  readonly name: 'web';
  readonly scope: WebScope;
}

/** What stands in `capabilities`: a name, `httpHosts(...)` or `webScope(...)`. */
export type CapabilityAsk = (typeof CAPABILITIES)[number] | HttpGrant | WebGrant;
/** What stands in the `needs` of an operation, a job, a schedule or a tool. */
export type Capability = (typeof CAPABILITIES)[number] | 'http';
/** The names that a list of asks stands for. */
export type NameOf<A extends CapabilityAsk> = A extends HttpGrant | WebGrant
  ? A['name']
  : Extract<A, Capability>;

const HOST_PATTERN = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** For `capabilities`. Throws RangeError on what is no host name: no scheme, no port, no path. */
export function httpHosts(first: string, ...more: string[]): HttpGrant {
  const hosts = [first, ...more];
  const wrong = hosts.find((host) => !HOST_PATTERN.test(host));
  if (wrong !== undefined)
    throw new RangeError(`"${wrong}" is no host name: write it as api.example.com or *.example.com`);
  return { name: 'http', hosts };
}

/** For `capabilities`: `web`, narrowed to a site, a folder or some operations. What is not in it is refused whoever asks. */
export function webScope(scope: WebScope): WebGrant {
  return { name: 'web', scope };
}

/** A passage of the platform's documents that answers a search, best first. `headline` has the words of the query between `**`. */
export type DocumentPassage = z.output<typeof documentPassageSchema>;
export type StoredFile = z.output<typeof storedFileSchema>;
export type KvEntry = z.output<typeof kvEntrySchema>;
/** An operation of another bundle that may be called; `input` is its JSON Schema. */
export type OfferedOperation = z.output<typeof offeredOperationSchema>;

/** `user`: what is kept is of this bundle and the user of the invocation; without, of the bundle alone. */
export interface Owned {
  readonly scope?: 'bundle' | 'user';
}
export interface Page extends Owned {
  readonly limit?: number;
  readonly cursor?: string;
}

export interface Documents {
  /** Full-text search over the documents that an admin has given the platform. An empty array where there is nothing. */
  search(query: string, options?: { limit?: number; collection?: string }): Promise<DocumentPassage[]>;
}

/** Files that outlive the invocation, by a path without leading slash. 25 MiB a file. */
export interface Storage {
  read(path: string, options?: Owned): Promise<Uint8Array | null>;
  readText(path: string, options?: Owned): Promise<string | null>;
  stat(path: string, options?: Owned): Promise<StoredFile | null>;
  write(path: string, content: string | Uint8Array, options?: Owned & { mime?: string }): Promise<StoredFile>;
  delete(path: string, options?: Owned): Promise<boolean>;
  list(prefix?: string, options?: Page): Promise<{ items: StoredFile[]; next_cursor?: string | undefined }>;
}

/** Small JSON values. */
export interface Kv {
  get(key: string, options?: Owned): Promise<unknown>;
  /** With its version, for `ifVersion`. */
  getEntry(key: string, options?: Owned): Promise<KvEntry | null>;
  /** Null: `ifVersion` was given, and another version is there. `ifVersion: 0` means: only where there is none. */
  set(
    key: string,
    value: unknown,
    options?: Owned & { ttlSec?: number; ifVersion?: number },
  ): Promise<KvEntry | null>;
  /** Atomic; an absent one counts as 0. */
  increment(key: string, by?: number, options?: Owned): Promise<number>;
  delete(key: string, options?: Owned): Promise<boolean>;
  list(prefix?: string, options?: Page): Promise<{ items: KvEntry[]; next_cursor?: string | undefined }>;
}

/** Declared in `secrets`; values come from an admin and are masked in logs and events. */
export interface Secrets<S extends string = string> {
  /** Rejects with code `secret_missing` when nobody has set it. */
  readonly get: (name: S) => Promise<string>;
  readonly has: (name: S) => Promise<boolean>;
}

export interface Http {
  /** As the global one, made by the platform, to the hosts of `httpHosts(...)`. Can be handed to libraries that take a `fetch`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * A webhook to one of these hosts: a POST of `payload` as JSON, kept until the receiver answers 2xx. `secret`, a name that the bundle
   * declares, signs it. The same `idempotencyKey` again is the same delivery.
   */
  deliver(webhook: CapabilityCallArgs<'http', 'deliver'>[0]): Promise<CapabilityResult<'http', 'deliver'>>;
}

export interface Model {
  /** Null: no model is connected. */
  describe(): Promise<CapabilityResult<'model', 'describe'>>;
  /** For a model library: only path and body count, address and key are the platform's. */
  readonly fetch: Http['fetch'];
}

/** Operations of other bundles that these offer as tools (`tool: true`), as the user for whom this bundle works. */
export interface Operations {
  /** Those that the user may call. */
  list(): Promise<OfferedOperation[]>;
  /**
   * What the operation returned; the text of a `Response`. Rejects with code `not_found` for what is not there or not the user's,
   * `request.unprocessable` for an input that does not fit, and as the other bundle failed.
   */
  call(bundleId: string, name: string, input?: unknown): Promise<unknown>;
}

/** Publishing sites and answering their dynamic requests. Wrong arguments are values: `{error}`; what the scope forbids rejects. */
export interface Web {
  publish(
    path: string,
    content: string | Uint8Array,
    options?: { contentType?: string; encoding?: 'base64' },
  ): Promise<CapabilityResult<'web', 'publish'>>;
  unpublish(path: string): Promise<CapabilityResult<'web', 'unpublish'>>;
  /** The first answer of a request wins; a later one is told the status of the first. Resolves when it is out. */
  respond(requestId: string, answer: WebAnswer | Response): Promise<CapabilityResult<'web', 'respond'>>;
  list(prefix?: string, options?: Omit<Page, 'scope'>): Promise<CapabilityResult<'web', 'list'>>;
  url(path: string): Promise<string>;
  deploy(files: CapabilityCallArgs<'web', 'deploy'>[0]): Promise<CapabilityResult<'web', 'deploy'>>;
  deploys(): Promise<CapabilityResult<'web', 'deploys'>>;
  rollback(id: string): Promise<CapabilityResult<'web', 'rollback'>>;
  route(
    pattern: string,
    options?: Omit<NonNullable<CapabilityCallArgs<'web', 'route'>[1]>, 'scope'>,
  ): Promise<CapabilityResult<'web', 'route'>>;
  /** Forgets kept answers of this bundle by their `Cache-Tag`. */
  purge(tags: readonly string[]): Promise<CapabilityResult<'web', 'purge'>>;
  /** The same, with less: a site, a folder of it, some operations. Asking for more than there is rejects when it is used. */
  within(scope: WebScope): Web;
}

/** How a gateway reads a deploy and says its plan (`io:web:plan`). */
export interface WebServe {
  files(
    planId: string,
    options?: { limit?: number; cursor?: string },
  ): Promise<CapabilityResult<'web.serve', 'files'>>;
  read(planId: string, path: string): Promise<string | null>;
  plan(planId: string, plan: SitePlan): Promise<boolean>;
}

export interface CapabilityTypes {
  documents: Documents;
  storage: Storage;
  kv: Kv;
  model: Model;
  exec: Exec;
  operations: Operations;
  web: Web;
  'web.serve': WebServe;
  http: Http;
}

/** The members that a context has for the capabilities it may use: `turn.documents` exists where `documents` was asked for. */
export type Granted<C extends Capability> = { readonly [Name in C]: CapabilityTypes[Name] };
