import { createStackTest } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { addressOf, readRoutes } from '../src/route-calls.ts';
import type { RouteRow } from '../src/route-calls.ts';

const stackTest = createStackTest({ isPageless: true });

/** Nothing of them is there: what is asked for is refused, and leaves its trace all the same. */
const NOBODYS: Readonly<Record<string, string>> = {
  worker_id: 'nobody.1',
  turn_id: 'turn_nobody',
  user_id: 'nobody',
  sign_in_id: 'nobody',
  bundle: 'nobody',
  schedule: 'nobody',
  job: 'j-nobody',
};

const call = (stack: StackFixture, row: RouteRow, path: string, token: string): Promise<Response> =>
  fetch(`${stack.url}${path}`, {
    method: row.method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(row.body === undefined ? {} : { body: JSON.stringify(row.body) }),
  });

stackTest("every admin's write is in the audit log, whatever comes of it", async ({ stack }) => {
  const token = await stack.token({ user: 'root', type: 'privileged' });
  const newest = async () => {
    const answer = await fetch(`${stack.url}/admin/audit?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { items } = (await answer.json()) as { items: { audit_id: number; actor_id: string }[] };
    return items[0];
  };
  const writes = (await readRoutes(stack)).filter((row) => row.guard === 'admin' && row.method !== 'GET');
  expect(writes.length).toBeGreaterThan(15);
  const silent: string[] = [];
  for (const row of writes) {
    const before = await newest();
    const answer = await call(stack, row, addressOf(row, NOBODYS), token);
    const name = `${row.method} ${row.path}: ${answer.status} ${await answer.text()}`;
    const after = await newest();
    if (after === undefined || after.audit_id === before?.audit_id) silent.push(name);
    else expect(after.actor_id, name).toBe('root');
  }
  expect(silent).toEqual([]);
});
