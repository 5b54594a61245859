import { expect } from 'vitest';
import { ingressTest } from '../test/ingress-fixture.ts';
import { readEvents } from '../test/read-events.ts';

ingressTest('every answer says how long it took, and a message where its time went', async ({ ingress }) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  for (const path of ['/profile', '/health/live', '/nowhere', '/openapi.json', '/api/cp-frontend-config'])
    expect((await ingress.call('GET', path)).headers.get('server-timing'), path).toMatch(
      /^ingress;dur=\d+\.\d$/,
    );
  const post = (accept: string) =>
    ingress.call('POST', '/api/chat/messages', {
      token,
      json: { message: 'echo one two' },
      headers: { accept },
    });
  const whole = /^ingress;dur=(\d+\.\d), accept;dur=(\d+\.\d)$/;
  const plain = whole.exec((await post('application/json')).headers.get('server-timing') ?? '');
  expect(Number(plain?.[1])).toBeGreaterThanOrEqual(Number(plain?.[2]));
  const streamed = await post('text/event-stream');
  expect(streamed.headers.get('server-timing')).toMatch(whole);
  const events = await readEvents(streamed);
  const start = events.find(({ event }) => event === 'chat_start')?.data['extra'] as { timing: object };
  const ms = expect.any(Number) as number;
  expect(start.timing).toEqual({ ingress_ms: ms, queue_ms: ms, claim_ms: ms });
  const text = await (await ingress.call('GET', '/metrics')).text();
  const count = (part: string) => {
    const name = 'switchyard_message_part_seconds_count{';
    const line = text.split('\n').find((one) => one.startsWith(name) && one.includes(`part="${part}"`));
    return Number(line?.split(' ').at(-1));
  };
  expect(count('ingress')).toBe(2);
  expect(count('delivery')).toBe(2);
});
