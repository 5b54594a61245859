import path from 'node:path';
import { expect, vi } from 'vitest';
import { procTest as test, answerOf, terminalOf } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

const BUNDLES = path.join(import.meta.dirname, '../../test/bundles');
const REQUESTS = 500;
/** Of the six places of `porter`: one each is kept for its turns and its operations. */
const PLACES_OF_WEB = 4;

test('500 requests that hold every place they can get keep no turn waiting: none lost, none run twice', async ({
  rig,
  redis,
}) => {
  await rig.ship(path.join(BUNDLES, 'porter'));
  const site = await openSite(rig, redis, { webWait: '2m' });
  const token = await rig.token('registered');
  const operation = async (name: string): Promise<unknown> => {
    const at = `/api/integrations/bundles/${redis.tenant}/${redis.project}/porter/operations/${name}`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const { status, text } = await site.ask(at, { method: 'POST', headers, body: '{}' });
    expect(status, text).toBe(200);
    return (JSON.parse(text) as Record<string, unknown>)[name];
  };
  await operation('open');
  const paths = Array.from({ length: REQUESTS }, (_, at) => `/api/${at}`);
  let answered = 0;
  const asked = paths.map(async (target) => {
    const { status, text } = await site.ask(`/sites/porter${target}`);
    answered += 1;
    return [status, text];
  });
  await vi.waitFor(async () => expect(await operation('held')).toBe(PLACES_OF_WEB), { timeout: 30_000 });
  const say = async (text: string, bundleId: string) => {
    const events = await rig.ended(await rig.say(text, { bundleId, user: `${bundleId}-${text}` }));
    expect([bundleId, terminalOf(events)?.event]).toEqual([bundleId, 'chat_complete']);
    return answerOf(events);
  };
  // Of the same bundle, more than its kept place, and of another one.
  const [ada, ben] = await Promise.all([say('ada', 'porter'), say('ben', 'porter'), say('report', 'actor')]);
  expect([ada, ben, answered]).toEqual(['4 at the gate', '4 at the gate', 0]);
  await say('open', 'porter');
  expect(await Promise.all(asked)).toEqual(paths.map((key) => [200, JSON.stringify({ key, count: 1 })]));
}, 120_000);
