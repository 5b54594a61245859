import path from 'node:path';
import { Scope } from '@switchyard/kernel';
import { expect, onTestFinished } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { startSecrets } from '../../test/start-secrets.ts';

const KEEPER_DIR = path.join(import.meta.dirname, '../../test/bundles/keeper');
const KEY = 'sk-live-0123456789';

test('a secret in what an operation answers, streams or throws is masked; bytes are as they are', async ({
  rig,
  redis,
}) => {
  const opened = new Scope();
  onTestFinished(() => opened.close());
  await rig.ship(KEEPER_DIR);
  const { port } = await rig.start({ ...(await startSecrets(opened, redis)), defaultBundle: 'keeper' });
  const headers = {
    authorization: `Bearer ${await rig.token('privileged')}`,
    'content-type': 'application/json',
  };
  const post = (address: string, body: unknown) =>
    fetch(`http://127.0.0.1:${port}${address}`, { method: 'POST', headers, body: JSON.stringify(body) });
  await post('/admin/integrations/bundles/keeper/secrets', { set: { api_key: KEY } });
  const base = `/api/integrations/bundles/${redis.tenant}/${redis.project}/keeper/operations`;
  const spill = async (into: string) => {
    const answer = await post(`${base}/spill`, { into });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };

  const plain = await spill('answer');
  expect([plain.status, plain.text.includes(KEY)]).toEqual([200, false]);
  expect(JSON.parse(plain.text)).toMatchObject({
    spill: { key: '***', list: ['key=***'], '***': true },
  });

  const streamed = await spill('stream');
  const events = await rig.events(streamed.headers.get('x-session-id') ?? '');
  expect(events.map(({ data }) => data.data)).toContainEqual({ key: '***' });
  expect(JSON.stringify([events, streamed.text])).not.toContain(KEY);

  const thrown = await spill('error');
  expect(thrown.status).toBe(500);
  expect(thrown.text).not.toContain(KEY);
  const logs = await fetch(`http://127.0.0.1:${port}/admin/integrations/bundles/keeper/logs`, { headers });
  const lines = await logs.text();
  expect(lines).toContain('refused with ***');
  expect(lines).not.toContain(KEY);

  expect((await spill('header')).headers.get('x-key')).toBe('***');
  // A text in bytes is not known to be one: a bundle that answers a secret so has written it out.
  expect((await spill('bytes')).text).toBe(KEY);
});
