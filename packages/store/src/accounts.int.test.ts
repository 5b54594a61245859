import { postgresTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createAccounts } from './accounts.ts';

const SCOPE = { tenant: 't', project: 'p' };
const ANN = {
  userId: 'u-1',
  login: 'ann@x.io',
  userType: 'registered',
  roles: [],
  passwordHash: 'h1',
} as const;

postgresTest('a login is one account of a scope, in lower case', async ({ postgres }) => {
  const accounts = createAccounts(postgres.sql, SCOPE);
  const added = await Promise.all(['u-1', 'u-2', 'u-3'].map((userId) => accounts.add({ ...ANN, userId })));
  expect(added.filter((row) => row !== undefined)).toHaveLength(1);
  expect(await createAccounts(postgres.sql, { ...SCOPE, project: 'q' }).add(ANN)).toMatchObject({
    user_id: 'u-1',
  });
  await expect(accounts.add({ ...ANN, userId: 'u-9', login: 'BOB' })).rejects.toThrow('check');
  expect(await accounts.findByLogin('ann@x.io')).toMatchObject({ password_hash: 'h1' });
  expect(await accounts.findByLogin('nobody')).toBeUndefined();
});

postgresTest('of two changes of a password one comes too late', async ({ postgres }) => {
  const accounts = createAccounts(postgres.sql, SCOPE);
  await accounts.add(ANN);
  const changed = await Promise.all(['h2', 'h3'].map((hash) => accounts.setPassword('u-1', hash, 'h1')));
  expect(changed.filter((row) => row !== undefined)).toHaveLength(1);
});

postgresTest(
  'a second factor counts from its confirmation; a step and a code work once',
  async ({ postgres }) => {
    const accounts = createAccounts(postgres.sql, SCOPE);
    await accounts.add(ANN);
    const [one, two] = [Buffer.from('one'), Buffer.from('two')];
    await accounts.startTotp('u-1', one);
    expect(await accounts.useTotpStep('u-1', 5)).toBeUndefined();
    await accounts.startTotp('u-1', two);
    expect(await accounts.confirmTotp('u-1', one, 5, ['a'])).toBeUndefined();
    expect(await accounts.confirmTotp('u-1', two, 5, ['a', 'b'])).toMatchObject({ user_id: 'u-1' });
    expect(await accounts.startTotp('u-1', one)).toBeUndefined();
    const taken = await Promise.all([6, 6, 6].map((step) => accounts.useTotpStep('u-1', step)));
    expect(taken.filter((row) => row !== undefined)).toHaveLength(1);
    expect(await accounts.useTotpStep('u-1', 5)).toBeUndefined();
    const used = await Promise.all(['a', 'a', 'x'].map((code) => accounts.useRecoveryCode('u-1', code)));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await accounts.countRecoveryCodes('u-1')).toBe(1);
    await accounts.removeTotp('u-1');
    expect(await accounts.countRecoveryCodes('u-1')).toBe(0);
  },
);
