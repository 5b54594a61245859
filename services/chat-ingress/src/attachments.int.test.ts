import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { errorOf, ingressTest } from '../test/ingress-fixture.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const TEXT = Buffer.from('The quick brown fox.');

function form(events: unknown[], files: [Buffer, string, string][]): FormData {
  const data = new FormData();
  data.set('event_submission', JSON.stringify({ external_events: events, conversation_id: 'c-1' }));
  for (const [bytes, filename, type] of files)
    data.append('files', new Blob([new Uint8Array(bytes)], { type }), filename);
  return data;
}
const prompt = { type: 'event.user.prompt', payload: { event: { text: 'echo look' } } };
const attachment = (content: Record<string, unknown>, id: string) => ({
  event_id: id,
  type: 'event.user.attachment.file',
  payload: { event: content },
});

ingressTest(
  'files travel with their message, are stored by content, and come back whole and in part',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann@example.org');
    const body = form(
      [
        prompt,
        attachment({ filename: 'fox.txt', file_index: 1 }, 'a1'),
        attachment({ filename: 'dot.png', file_index: 0 }, 'a2'),
      ],
      [
        [PNG, 'x', 'image/png'],
        [TEXT, 'y', 'text/plain'],
      ],
    );
    const answer = await ingress.call('POST', '/sse/chat', { token, body });
    const ack = (await answer.json()) as { turn_id: string };
    expect(answer.status).toBe(200);
    await expect.poll(() => worker.tasks.length).toBe(1);
    const [fox, dot] = worker.tasks[0]?.payload.attachments ?? [];
    expect([fox, dot]).toMatchObject([
      { filename: 'fox.txt', mime: 'text/plain', size: TEXT.length, event_id: 'a1' },
      { filename: 'dot.png', mime: 'image/png', size: PNG.length, event_id: 'a2' },
    ]);

    const { tenant, project } = ingress.scope;
    const base = `/api/cb/resources/${tenant}/${project}/conv/${encodeURIComponent('ann@example.org')}/c-1/turn/${ack.turn_id}/attachment`;
    const whole = await ingress.call('GET', `${base}/${fox?.sha256}/download`, { token });
    expect([
      whole.status,
      await whole.text(),
      whole.headers.get('content-disposition'),
      whole.headers.get('x-content-type-options'),
    ]).toEqual([200, TEXT.toString(), 'attachment; filename=fox.txt', 'nosniff']);
    const part = await ingress.call('GET', `${base}/${fox?.sha256}/preview`, {
      token,
      headers: { range: 'bytes=4-8' },
    });
    expect([
      part.status,
      await part.text(),
      part.headers.get('content-range'),
      part.headers.get('content-disposition'),
    ]).toEqual([206, 'quick', `bytes 4-8/${TEXT.length}`, 'inline; filename=fox.txt']);
    expect(part.headers.get('content-security-policy')).toBe(
      "sandbox allow-scripts allow-forms; object-src 'none'; base-uri 'none'; frame-ancestors 'self'",
    );
    const beyond = await ingress.call('GET', `${base}/${fox?.sha256}/download`, {
      token,
      headers: { range: 'bytes=500-' },
    });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${TEXT.length}`]);
    const fresh = await ingress.call('GET', `${base}/${fox?.sha256}/download`, {
      token,
      headers: { 'if-none-match': whole.headers.get('etag') ?? '' },
    });
    expect(fresh.status).toBe(304);

    const stranger = await ingress.call('GET', `${base}/${fox?.sha256}/download`, {
      token: await ingress.tokenFor('bob'),
    });
    expect(await errorOf(stranger)).toMatchObject({ status: 404, type: 'not_found' });
    const admin = await ingress.call('GET', `${base}/${dot?.sha256}/preview`, {
      token: await ingress.tokenFor('root', 'privileged'),
    });
    expect([admin.status, admin.headers.get('content-type')]).toEqual([200, 'image/png']);
    await admin.arrayBuffer();

    const rn = `conv/ann@example.org/c-1/turn/${ack.turn_id}/attachment/${fox?.sha256}`;
    const named = (await (
      await ingress.call('POST', '/api/cb/resources/by-rn', { token, json: { rn } })
    ).json()) as { download_url: string };
    expect(await (await ingress.call('GET', named.download_url, { token })).text()).toBe(TEXT.toString());
  },
);

ingressTest('the plain form takes files as a form and as base64', async ({ ingress }) => {
  const worker = await ingress.work();
  const token = await ingress.tokenFor('ann');
  const data = new FormData();
  data.set('message', 'echo a');
  data.append('file', new Blob([TEXT], { type: 'text/plain' }), 'fox.txt');
  expect((await ingress.call('POST', '/api/chat/messages', { token, body: data })).status).toBe(200);
  const json = { message: 'echo b', attachments: [{ filename: 'dot.png', data: PNG.toString('base64') }] };
  expect((await ingress.call('POST', '/api/chat/messages', { token, json })).status).toBe(200);
  await expect
    .poll(() =>
      worker.tasks
        .flatMap(({ payload }) => payload.attachments.map(({ filename, mime }) => `${filename} ${mime}`))
        .toSorted(),
    )
    .toEqual(['dot.png image/png', 'fox.txt text/plain']);
});

ingressTest(
  'one bad file refuses the whole message: nothing is queued, nothing stored',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const cases: [string, FormData, string, string][] = [
      [
        'not an image',
        form(
          [prompt, attachment({ filename: 'a.png', mime: 'image/png' }, 'a')],
          [[TEXT, 'a.png', 'image/png']],
        ),
        'a.png',
        'type_mismatch',
      ],
      [
        'empty',
        form([prompt, attachment({ filename: 'e.txt' }, 'a')], [[Buffer.alloc(0), 'e.txt', 'text/plain']]),
        'e.txt',
        'empty',
      ],
      [
        'an image over its limit',
        form(
          [prompt, attachment({ filename: 'big.png' }, 'a')],
          [[Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024)]), 'big.png', 'image/png']],
        ),
        'big.png',
        'too_large',
      ],
      ['no file', form([prompt, attachment({ filename: 'lost.txt' }, 'a')], []), 'lost.txt', 'no_file'],
      [
        'the second of two',
        form(
          [
            prompt,
            attachment({ filename: 'ok.txt' }, 'a'),
            attachment({ filename: 'bad.pdf', mime: 'application/pdf' }, 'b'),
          ],
          [
            [TEXT, 'ok.txt', ''],
            [TEXT, 'bad.pdf', ''],
          ],
        ),
        'bad.pdf',
        'type_mismatch',
      ],
    ];
    for (const [what, body, filename, reason] of cases) {
      const error = await errorOf(await ingress.call('POST', '/sse/chat', { token, body }));
      expect({ what, ...error }).toMatchObject({
        what,
        status: 400,
        type: 'rate_limit.attachment_failure',
        detail: { filename, reason },
      });
    }
    const many = new FormData();
    many.set('message', 'echo x');
    for (let i = 0; i < 21; i += 1) many.append('file', new Blob([TEXT]), `f${i}.txt`);
    expect(
      await errorOf(await ingress.call('POST', '/api/chat/messages', { token, body: many })),
    ).toMatchObject({ status: 400, detail: { filename: 'f20.txt', reason: 'too_many' } });
    const left = await readdir(ingress.config.blobDir).catch(() => []);
    expect([worker.tasks, left, ingress.running.open.uploadBytes()]).toEqual([[], [], 0]);
  },
);
