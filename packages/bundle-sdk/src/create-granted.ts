import type { CapabilityName, WebScope, WireRequest, WireResponse } from '@switchyard/protocol';
import type { HostPort } from './bundle-runtime.ts';
import type { Capability, CapabilityTypes, Kv, KvEntry, Secrets, Storage, Web } from './capabilities.ts';
import { createExec } from './exec.ts';
import type { Jobs } from './jobs.ts';
import { toWireAnswer } from './web-answer.ts';
import { createFetch } from './wire-fetch.ts';

type Call = (target: CapabilityName, method: string, args: readonly unknown[]) => Promise<never>;

/** The members for what the definition asks for; the others do not exist. */
export function createGranted(
  port: Pick<HostPort, 'call'>,
  granted: readonly string[],
): Partial<CapabilityTypes & { secrets: Secrets; jobs: Jobs }> {
  // What comes back was checked by proc against the catalog that the typings are made from.
  const call: Call = async (target, method, args) => (await port.call(target, method, args)) as never;
  const members = Object.entries(MAKERS).filter(([name]) => granted.includes(name));
  return Object.fromEntries(members.map(([name, make]) => [name, make(call)]));
}

type Makers = {
  readonly [Name in Capability]: (call: Call) => CapabilityTypes[Name];
} & { readonly secrets: (call: Call) => Secrets; readonly jobs: (call: Call) => Jobs };

const MAKERS: Makers = {
  documents: (call) => ({ search: (query, options = {}) => call('documents', 'search', [query, options]) }),
  storage: createStorage,
  kv: createKv,
  model: (call) => ({
    describe: () => call('model', 'describe', []),
    fetch: createFetch((request: WireRequest): Promise<WireResponse> => call('model', 'fetch', [request])),
  }),
  exec: createExec,
  operations: (call) => ({
    list: () => call('operations', 'list', []),
    async call(bundleId, name, input = {}) {
      const { output }: { output: unknown } = await call('operations', 'call', [bundleId, name, input]);
      return output;
    },
  }),
  web: (call) => createWeb(call),
  'web.serve': (call) => ({
    files: (planId, options = {}) => call('web.serve', 'files', [planId, options]),
    read: (planId, path) => call('web.serve', 'read', [planId, path]),
    plan: (planId, plan) => call('web.serve', 'plan', [planId, plan]),
  }),
  http: (call) => ({
    fetch: createFetch((request: WireRequest): Promise<WireResponse> => call('http', 'fetch', [request])),
    deliver: (webhook) => call('http', 'deliver', [webhook]),
  }),
  secrets: (call) => ({
    get: (name) => call('secrets', 'get', [name]),
    has: (name) => call('secrets', 'has', [name]),
  }),
  jobs: (call) => ({ add: (name, data, options = {}) => call('jobs', 'add', [name, data ?? null, options]) }),
};

function createStorage(call: Call): Storage {
  const read: Storage['read'] = (path, options = {}) => call('storage', 'read', [path, options]);
  return {
    read,
    async readText(path, options) {
      const bytes = await read(path, options);
      return bytes === null ? null : new TextDecoder().decode(bytes);
    },
    stat: (path, options = {}) => call('storage', 'stat', [path, options]),
    write: (path, content, options = {}) =>
      call('storage', 'write', [
        path,
        typeof content === 'string' ? new TextEncoder().encode(content) : content,
        options,
      ]),
    delete: (path, options = {}) => call('storage', 'delete', [path, options]),
    list: (prefix = '', options = {}) => call('storage', 'list', [prefix, options]),
  };
}

function createKv(call: Call): Kv {
  const getEntry = (key: string, options = {}): Promise<KvEntry | null> => call('kv', 'get', [key, options]);
  return {
    getEntry,
    get: async (key, options) => (await getEntry(key, options))?.value ?? null,
    set: (key, value, options = {}) => call('kv', 'set', [key, value, options]),
    increment: (key, by = 1, options = {}) => call('kv', 'increment', [key, by, options]),
    delete: (key, options = {}) => call('kv', 'delete', [key, options]),
    list: (prefix = '', options = {}) => call('kv', 'list', [prefix, options]),
  };
}

/** `scope` goes with every call: what it takes away is refused by the platform, not here. */
function createWeb(call: Call, scope?: WebScope): Web {
  const scoped = scope === undefined ? {} : { scope };
  return {
    publish: (path, content, options = {}) =>
      call('web', 'publish', [path, content, { ...options, ...scoped }]),
    unpublish: (path) => call('web', 'unpublish', [path, scoped]),
    respond: (requestId, answer) => call('web', 'respond', [requestId, toWireAnswer(answer)]),
    list: (prefix = '', options = {}) => call('web', 'list', [prefix, { ...options, ...scoped }]),
    url: (path) => call('web', 'url', [path, scoped]),
    deploy: (files) => call('web', 'deploy', [files, scoped]),
    deploys: () => call('web', 'deploys', [scoped]),
    rollback: (id) => call('web', 'rollback', [id, scoped]),
    route: (pattern, options = {}) => call('web', 'route', [pattern, { ...options, ...scoped }]),
    purge: (tags) => call('web', 'purge', [tags]),
    within: (narrower) => createWeb(call, narrowScope(scope, narrower)),
  };
}

/** For convenience alone (the platform checks): folders add up, operations are those that both name. */
function narrowScope(scope: WebScope | undefined, narrower: WebScope): WebScope {
  const folders = [scope?.pathPrefix, narrower.pathPrefix].filter(
    (folder) => folder !== undefined && folder !== '',
  );
  const site = narrower.site ?? scope?.site;
  const ops =
    scope?.ops === undefined ? narrower.ops : scope.ops.filter((op) => narrower.ops?.includes(op) ?? true);
  return {
    ...(site === undefined ? {} : { site }),
    ...(ops === undefined ? {} : { ops }),
    ...(folders.length === 0 ? {} : { pathPrefix: folders.join('/') }),
  };
}
