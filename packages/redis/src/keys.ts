import { isId } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { PlatformError, hashHex } from '@switchyard/kernel';

/**
 * Every key of the platform, once. `<x>` is an id, checked against `ID_PATTERN`; `<x#>` is a free string (a user id, a message
 * id), which enters as a hash. The prefix `P` = `{tenant:project}` has literal braces: one hash slot, so one script may touch all
 * of them. Lua gets its key functions from this table too (see `script-source.ts`); no other file builds a key.
 *
 * | name | type | key | writer | reader | ttl |
 * |---|---|---|---|---|---|
 * | epoch | hash | P:chat:epoch | rebuild | every script | - |
 * | lane | list | P:chat:queue:<user_type> | enqueue, requeue, finish, release | claim | - |
 * | inflight | list | P:chat:queue:inflight:<user_type> | claim | finish, reap | - |
 * | held | list | P:chat:held:<user#> | enqueue, requeue, finish | finish, cancel, fill-lanes | - |
 * | placed | set | P:chat:placed:<user#> | enqueue, requeue, finish, cancel | enqueue, finish (cap of running turns) | - |
 * | task | hash | P:chat:task:<task_id> | enqueue, requeue | claim, take | - |
 * | tasks | set | P:chat:tasks | enqueue, requeue, finish, take | enqueue (load), rebuild | - |
 * | userTasks | set | P:chat:user:<user#> | enqueue, requeue, finish, take | enqueue (caps) | - |
 * | lease | string | P:chat:lock:<task_id> | claim, adopt, renew, reap | all fenced scripts | lease |
 * | started | string | P:chat:lock:started:<task_id> | start, renew | reap | wall limit + 24 h |
 * | conversation | hash | P:chat:conversation:<conversation_id> | enqueue, finish | ingress | busy -, at rest 7 d |
 * | mailbox | list | P:chat:mailbox:<conversation_id> | enqueue | finish, peek, take | - |
 * | seen | string | P:chat:seen:<user#>:<message#> | enqueue | enqueue | 24 h |
 * | refused | string | P:chat:refused:<turn_id> | refuse | enqueue | 24 h |
 * | told | string | P:chat:told:<turn_id> | finish, take, cancel | requeue, reconciler | 24 h |
 * | workers | zset | P:chat:workers | heartbeat | enqueue (capacity), console | - |
 * | worker | hash | P:chat:worker:<worker_id> | heartbeat, order-worker | enqueue, console | 3 beats |
 * | snapshot | string | P:chat:snapshot:<turn_id> | emit | relay | wall limit |
 * | events | stream | P:events:<session_id> | append-event | relay | 15 min after the last event |
 * | runningTurns | hash | P:events:running:<session_id> | start, finish | append-event (trim) | as events |
 * | relay | channel | P:relay:<session_id> | append-event | relay | - |
 * | relayProject | channel | P:relay.project | bundles' notices | relay | - |
 * | control | channel | P:control:<worker_id> | cancel, order-worker | worker | - |
 * | registryChanges | channel | P:control.registry | registry | registry | - |
 * | siteChanges | channel | P:web.sites | publisher of sites | workers that serve them | - |
 * | webAnswers | channel | P:web.answers | web.respond in another worker | who holds the request | - |
 * | webPurges | channel | P:web.purges | web.purge | micro-caches | - |
 * | siteLog | stream | P:web:log:<site> | request log of a site | console, command line | 7 d after the last request |
 * | authMasked | string | P:auth:masked:<hash> | token vault | token vault | token |
 * | authSession | hash | P:auth:session:<session_id> | identity | identity | session |
 * | authRedeem | string | P:auth:redeem:<hash> | identity | identity | link |
 * | authTicket | string | P:auth:ticket:<hash> | identity | identity | 30 s |
 * | authRenewal | string | P:auth:renewal:<hash> | token vault | token vault | sign-in |
 * | authRenewing | string | P:auth:renewing:<hash> | token vault | token vault | 20 s |
 * | authHalfWay | string | P:auth:half-way:<hash> | proxylogin | proxylogin | 10 min |
 * | authFlow | string | P:auth:flow:<hash> | proxylogin | proxylogin | 10 min |
 * | authLogout | string | P:auth:logout:<hash> | proxylogin | proxylogin | 7 min |
 * | authMail | string | P:auth:mail:<hash> | proxylogin | proxylogin | link |
 * | rate | prefix | P:rate | limiter | limiter | window |
 * | breaker | hash | P:chat:breaker:<user_type> | note-refusal, ask-breaker, close-breaker | admission, console | 2 windows and openings |
 * | limitChanges | channel | P:control.limits | who changes limits | admission | - |
 * | jobs | prefix | P:jobs | BullMQ | BullMQ | - |
 */
export const KEY_TABLE = {
  epoch: 'chat:epoch',
  lane: 'chat:queue:<user_type>',
  inflight: 'chat:queue:inflight:<user_type>',
  held: 'chat:held:<user#>',
  placed: 'chat:placed:<user#>',
  task: 'chat:task:<task_id>',
  tasks: 'chat:tasks',
  userTasks: 'chat:user:<user#>',
  lease: 'chat:lock:<task_id>',
  started: 'chat:lock:started:<task_id>',
  conversation: 'chat:conversation:<conversation_id>',
  mailbox: 'chat:mailbox:<conversation_id>',
  seen: 'chat:seen:<user#>:<message#>',
  refused: 'chat:refused:<turn_id>',
  told: 'chat:told:<turn_id>',
  workers: 'chat:workers',
  worker: 'chat:worker:<worker_id>',
  snapshot: 'chat:snapshot:<turn_id>',
  events: 'events:<session_id>',
  runningTurns: 'events:running:<session_id>',
  relay: 'relay:<session_id>',
  relayProject: 'relay.project',
  control: 'control:<worker_id>',
  registryChanges: 'control.registry',
  siteChanges: 'web.sites',
  webAnswers: 'web.answers',
  webPurges: 'web.purges',
  siteLog: 'web:log:<site>',
  authMasked: 'auth:masked:<hash>',
  authSession: 'auth:session:<session_id>',
  authRedeem: 'auth:redeem:<hash>',
  authTicket: 'auth:ticket:<hash>',
  authRenewal: 'auth:renewal:<hash>',
  authRenewing: 'auth:renewing:<hash>',
  authHalfWay: 'auth:half-way:<hash>',
  authFlow: 'auth:flow:<hash>',
  authLogout: 'auth:logout:<hash>',
  authMail: 'auth:mail:<hash>',
  rate: 'rate',
  breaker: 'chat:breaker:<user_type>',
  limitChanges: 'control.limits',
  jobs: 'jobs',
} as const;

export type KeyName = keyof typeof KEY_TABLE;

type Parameters<Template> = Template extends `${string}<${string}>${infer Rest}`
  ? [string, ...Parameters<Rest>]
  : [];
type KeyMethods = { readonly [N in KeyName]: (...parts: Parameters<(typeof KEY_TABLE)[N]>) => string };

export interface Keys extends KeyMethods {
  /** `{tenant:project}`, the first key of every script. */
  readonly prefix: string;
  /** How a free string enters a key; Lua gets it ready made. */
  hash(text: string): string;
  /** Which key of the table this is; undefined for another scope's or an unknown one. For those who walk the keyspace. */
  nameOf(key: string): KeyName | undefined;
}

/** 128 bits: more than enough against accidents, and short in a key that exists per message. */
const HASH_HEX = 32;

function hash(text: string): string {
  return hashHex(text).slice(0, HASH_HEX);
}

/** Throws INVALID_REQUEST when an id must not enter a key. */
export function createKeys(scope: TenantProject): Keys {
  const prefix = `{${checked(scope.tenant, 'tenant')}:${checked(scope.project, 'project')}}`;
  const methods: Record<string, (...parts: string[]) => string> = {};
  for (const [name, template] of Object.entries(KEY_TABLE)) methods[name] = keyMethod(prefix, template);
  return Object.freeze({ ...(methods as unknown as KeyMethods), prefix, hash, nameOf: keyNamer(prefix) });
}

function keyNamer(prefix: string): (key: string) => KeyName | undefined {
  const patterns = Object.entries(KEY_TABLE).map(([name, template]) => {
    const body = template.replaceAll('.', '\\.').replace(/<[^<>]+>/g, '[^:]+');
    return { name: name as KeyName, pattern: new RegExp(`^${body}$`) };
  });
  return (key) => {
    if (!key.startsWith(`${prefix}:`)) return undefined;
    const rest = key.slice(prefix.length + 1);
    return patterns.find(({ pattern }) => pattern.test(rest))?.name;
  };
}

function keyMethod(prefix: string, template: string): (...parts: string[]) => string {
  const pieces = template.split(/<([^<>]+)>/);
  return (...parts) => {
    let key = `${prefix}:${pieces[0] ?? ''}`;
    for (let at = 1; at < pieces.length; at += 2) {
      const placeholder = pieces[at] ?? '';
      const part = parts[(at - 1) / 2] ?? '';
      key += (placeholder.endsWith('#') ? hash(part) : checked(part, placeholder)) + (pieces[at + 1] ?? '');
    }
    return key;
  };
}

function checked(id: string, what: string): string {
  if (!isId(id)) throw PlatformError.of('INVALID_REQUEST', `${what} is not a valid id`);
  return id;
}
