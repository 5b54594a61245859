import { Deadline, loadConfig } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { tryHostileBodies } from '@switchyard/testkit';
import { expect, test } from 'vitest';
import { start } from './compose.ts';
import { settings } from './env.ts';

const TOKEN = 'proc-token-of-at-least-32-characters';
const ENV = {
  PORT: '0',
  SECRETS_TOKEN: TOKEN,
  SECRETS_OPERATOR_TOKEN: 'operator-token-of-32-characters-or-more',
  MAX_SECRET_VALUE: '1KiB',
};

test('no body of any route reaches a prototype, or is answered with the inside', async () => {
  const service = await start(loadConfig(settings, ENV, 'secrets'), silentLog);
  const { tried, wrong } = await tryHostileBodies({
    origin: `http://127.0.0.1:${service.port}`,
    // As chat-proc, for the bundle that the paths name.
    headers: { authorization: `Bearer ${TOKEN}`, 'x-bundle-id': 'nobody' },
    scope: { tenant: 'demo', project: 'main' },
  });
  await service.stop(Deadline.in(1000));
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(200);
}, 120_000);
