import { platformTest, tryHostileBodies } from '@switchyard/testkit';
import { expect } from 'vitest';
import { openIngress } from '../test/ingress-fixture.ts';

platformTest(
  'no body of any route reaches a prototype, or is answered with the inside',
  { timeout: 120_000 },
  async ({ redis, postgres }) => {
    const env = { RATE_PRIVILEGED: '1000000/1m', RATE_ADDRESS: '1000000/1m' };
    const ingress = await openIngress({ redis, postgres, env });
    // Without a worker whose Redis it is, a good message is refused before anybody looks at it.
    await ingress.work();
    const headers = { authorization: `Bearer ${await ingress.tokenFor('root', 'privileged')}` };
    const { tried, wrong } = await tryHostileBodies({ origin: ingress.url, headers, scope: ingress.scope });
    await ingress.stop();
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(400);
  },
);
