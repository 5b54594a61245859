import { expect, test } from 'vitest';
import { KEY_TABLE, createKeys } from './keys.ts';

const keys = createKeys({ tenant: 'demo', project: 'main' });

test('the table of keys is what other processes and older versions find in Redis', () => {
  expect(KEY_TABLE).toMatchInlineSnapshot(`
    {
      "authFlow": "auth:flow:<hash>",
      "authHalfWay": "auth:half-way:<hash>",
      "authLogout": "auth:logout:<hash>",
      "authMail": "auth:mail:<hash>",
      "authMasked": "auth:masked:<hash>",
      "authRedeem": "auth:redeem:<hash>",
      "authRenewal": "auth:renewal:<hash>",
      "authRenewing": "auth:renewing:<hash>",
      "authSession": "auth:session:<session_id>",
      "authTicket": "auth:ticket:<hash>",
      "breaker": "chat:breaker:<user_type>",
      "control": "control:<worker_id>",
      "conversation": "chat:conversation:<conversation_id>",
      "epoch": "chat:epoch",
      "events": "events:<session_id>",
      "held": "chat:held:<user#>",
      "inflight": "chat:queue:inflight:<user_type>",
      "jobs": "jobs",
      "lane": "chat:queue:<user_type>",
      "lease": "chat:lock:<task_id>",
      "limitChanges": "control.limits",
      "mailbox": "chat:mailbox:<conversation_id>",
      "placed": "chat:placed:<user#>",
      "rate": "rate",
      "refused": "chat:refused:<turn_id>",
      "registryChanges": "control.registry",
      "relay": "relay:<session_id>",
      "relayProject": "relay.project",
      "runningTurns": "events:running:<session_id>",
      "seen": "chat:seen:<user#>:<message#>",
      "siteChanges": "web.sites",
      "siteLog": "web:log:<site>",
      "snapshot": "chat:snapshot:<turn_id>",
      "started": "chat:lock:started:<task_id>",
      "task": "chat:task:<task_id>",
      "tasks": "chat:tasks",
      "told": "chat:told:<turn_id>",
      "userTasks": "chat:user:<user#>",
      "webAnswers": "web.answers",
      "webPurges": "web.purges",
      "worker": "chat:worker:<worker_id>",
      "workers": "chat:workers",
    }
  `);
});

test('every method builds the key of its row', () => {
  expect(keys.prefix).toBe('{demo:main}');
  expect(keys.lane('paid')).toBe('{demo:main}:chat:queue:paid');
  expect(keys.started('task_1')).toBe('{demo:main}:chat:lock:started:task_1');
  expect(keys.epoch()).toBe('{demo:main}:chat:epoch');
});

test('free strings enter as a hash, the same that scripts are given', () => {
  const user = 'a b:c}\n';
  expect(keys.seen(user, 'm')).toBe(`{demo:main}:chat:seen:${keys.hash(user)}:${keys.hash('m')}`);
  expect(keys.hash(user)).toMatch(/^[0-9a-f]{32}$/);
});

test('an id that could leave its place is refused', () => {
  for (const id of ['', 'a:b', 'a}b', '*', '-a', 'a'.repeat(129), 'ä'])
    expect(() => keys.task(id)).toThrow(/not a valid id/);
  expect(() => createKeys({ tenant: 'a:b', project: 'c' })).toThrow(/tenant/);
});

test('a key is recognised again, and only in its own scope', () => {
  expect(keys.nameOf(keys.inflight('paid'))).toBe('inflight');
  expect(keys.nameOf(keys.lane('paid'))).toBe('lane');
  expect(keys.nameOf(keys.lease('t'))).toBe('lease');
  expect(keys.nameOf(keys.started('t'))).toBe('started');
  expect(keys.nameOf(keys.runningTurns('s'))).toBe('runningTurns');
  expect(keys.nameOf('{demo:other}:chat:tasks')).toBeUndefined();
  expect(keys.nameOf('{demo:main}:chat:tasks:x')).toBeUndefined();
});
