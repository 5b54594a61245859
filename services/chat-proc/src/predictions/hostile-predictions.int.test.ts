import path from 'node:path';
import { tryHostileBodies } from '@switchyard/testkit';
import type { RouteRow } from '@switchyard/testkit';
import { expect } from 'vitest';
import { ASYNC } from '../../test/ask-predictions.ts';
import { procTest as test } from '../../test/proc-rig.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../../test/bundles/oracle');
const BODY = {
  id: 'p-1',
  created_at: '2026-01-01T00:00:00Z',
  input: { text: 'a', n: 1 },
  webhook: 'http://127.0.0.1:9/hook',
  webhook_events_filter: ['completed'],
  output_file_prefix: 'http://127.0.0.1:9/files/',
  context: { a: 'b' },
  queue: true,
};
const PREDICTIONS = '/api/integrations/bundles/{tenant}/{project}/{bundle}/predictions';
/** They are the surface's own and in no table. */
const rowOf = (method: string, tail: string): RouteRow => ({
  method,
  path: `${PREDICTIONS}${tail}`,
  guard: 'user',
  parameters: ['tenant', 'project', 'bundle', ...(tail === '' ? [] : ['id'])],
  body: BODY,
  wholeBody: BODY,
  query: '',
});

test(
  'no body of a prediction reaches a prototype, or is answered with the inside',
  { timeout: 120_000 },
  async ({ rig, redis }) => {
    await rig.ship(ORACLE_DIR);
    const { port } = await rig.start({
      defaultBundle: 'oracle',
      rateRegistered: '1000000/1m',
      rateAddress: '1000000/1m',
      userQueueLimit: '100000',
    });
    const { tried, wrong } = await tryHostileBodies({
      origin: `http://127.0.0.1:${port}`,
      headers: { authorization: `Bearer ${await rig.token('registered')}`, ...ASYNC },
      scope: redis,
      ids: { bundle: 'oracle', id: 'p-2' },
      rows: [rowOf('POST', ''), rowOf('PUT', '/{id}'), rowOf('POST', '/{id}/cancel')],
      errorType: /"error(?:_type)?":"([^"]+)"/,
    });
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(300);
  },
);
