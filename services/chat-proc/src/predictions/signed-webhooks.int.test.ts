import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askAt } from '../../test/ask-predictions.ts';
import type { View } from '../../test/ask-predictions.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';

const ORACLE_DIR = path.join(import.meta.dirname, '../../test/bundles/oracle');
const KEY = `whsec_${Buffer.from('a key of the installation').toString('base64')}`;

/** As docs/how-to/serve-a-predictor.md tells receivers. */
function isSigned(key: string, headers: IncomingHttpHeaders, body: string): boolean {
  const [id, time, given] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    String(headers[name] ?? ''),
  );
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
  const bytes = Buffer.from(key.replace(/^whsec_/u, ''), 'base64');
  const wanted = createHmac('sha256', bytes).update(`${id}.${time}.${body}`).digest();
  return String(given)
    .split(' ')
    .some((one) => {
      const mac = Buffer.from(one.replace(/^v1,/u, ''), 'base64');
      return mac.length === wanted.length && timingSafeEqual(mac, wanted);
    });
}

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly view: View;
}

test(
  'webhooks of predictions are signed with the key of the installation, each with an id that its tries share',
  {
    timeout: 120_000,
  },
  async ({ rig, redis }) => {
    const heard: Heard[] = [];
    const receiver = createServer((req, res) => {
      void text(req).then((body) => {
        const view = JSON.parse(body) as View;
        heard.push({ headers: req.headers, body, view });
        const isFirstOfLast =
          view.status === 'succeeded' && heard.filter((one) => one.view.status === 'succeeded').length === 1;
        res.writeHead(isFirstOfLast ? 503 : 200).end();
      });
    });
    await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    await rig.ship(ACTOR_DIR);
    await rig.ship(ORACLE_DIR);
    const worker = await rig.start({ httpPrivateHosts: `localhost:${port}`, predictionWebhookSecret: KEY });
    const ask = askAt(worker.port, await rig.token('registered'), redis);
    const webhook = `http://localhost:${port}/hook`;
    await ask('/oracle/predictions', { body: { webhook, input: { n: 3, wait_ms: 600 } }, headers: ASYNC });
    const last = () => heard.filter(({ view }) => view.status === 'succeeded');
    await vi.waitFor(() => expect(last()).toHaveLength(2), PATIENT);
    receiver.closeAllConnections();
    receiver.close();

    for (const { headers, body } of heard) {
      expect(isSigned(KEY, headers, body)).toBe(true);
      expect(isSigned(KEY, headers, `${body} `)).toBe(false);
      expect(isSigned(KEY, { ...headers, 'webhook-id': 'msg_other' }, body)).toBe(false);
      expect(isSigned(`whsec_${btoa('another key')}`, headers, body)).toBe(false);
    }
    const ids = heard.map(({ headers }) => headers['webhook-id']);
    const [first, second] = last().map(({ headers }) => headers['webhook-id']);
    expect(first).toBe(second);
    // Each message has its own: a receiver that keeps the ids it has seen drops none.
    expect(new Set(ids).size).toBe(ids.length - 1);
    expect(ids.length).toBeGreaterThan(2);
    const rows = await rig.sql<{ row: string }>(
      `select j::text as row from background_job j where kind = 'webhook'`,
    );
    expect(JSON.stringify(rows)).not.toContain(KEY);
  },
);
