import { expect, test } from 'vitest';
import { decideAccess } from './decide-access.ts';
import type { Action, ServiceName, Verdict } from './decide-access.ts';
import type { SecretFolder } from './secret-name.ts';

const scope = { tenant: 'demo', project: 'main' };
const HELLO: SecretFolder = { kind: 'bundles', ...scope, bundle: 'hello' };
const ANN: SecretFolder = { kind: 'users', ...scope, user: 'ann', bundle: 'hello' };
const PLATFORM: SecretFolder = { kind: 'platform' };
const FOREIGN: SecretFolder = { kind: 'bundles', tenant: 'demo', project: 'other', bundle: 'hello' };

const CASES: [ServiceName, Action, SecretFolder, string | undefined, Verdict][] = [
  ['chat-proc', 'read', HELLO, 'hello', 'allowed'],
  ['chat-proc', 'read', HELLO, 'other', 'forbidden'],
  ['chat-proc', 'read', HELLO, undefined, 'forbidden'],
  ['chat-proc', 'read', ANN, 'hello', 'allowed'],
  ['chat-proc', 'read', ANN, 'other', 'forbidden'],
  ['chat-proc', 'read', PLATFORM, undefined, 'allowed'],
  ['chat-proc', 'read', PLATFORM, 'hello', 'forbidden'],
  ['chat-proc', 'read', FOREIGN, 'hello', 'foreign-scope'],
  ['chat-proc', 'write', HELLO, undefined, 'allowed'],
  ['chat-proc', 'list', ANN, undefined, 'allowed'],
  ['operator', 'read', HELLO, 'hello', 'forbidden'],
  ['operator', 'read', PLATFORM, undefined, 'forbidden'],
  ['operator', 'write', PLATFORM, undefined, 'allowed'],
  ['operator', 'list', HELLO, undefined, 'allowed'],
  ['operator', 'write', FOREIGN, undefined, 'foreign-scope'],
];

test.each(CASES)('%s may %s %o in the name of %s: %s', (service, action, folder, bundle, verdict) => {
  expect(decideAccess({ service, action, folder, bundle, scope })).toBe(verdict);
});
