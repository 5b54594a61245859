import { once } from 'node:events';
import { openSlow, requestOf, sendRaw } from '@switchyard/testkit';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { ingressTest } from '../test/ingress-fixture.ts';
import type { IngressBench } from '../test/ingress-fixture.ts';

interface Heard {
  event: string;
  body: Record<string, unknown>;
  logId: string | undefined;
}

/** A connected socket and everything that it hears. */
async function connect(
  ingress: IngressBench,
  auth: Record<string, unknown>,
  options: { path?: string; transports?: string[] } = {},
): Promise<{ socket: Socket; heard: Heard[] }> {
  const socket = io(ingress.url, {
    auth,
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    ...options,
  });
  onTestFinished(() => void socket.disconnect());
  const heard: Heard[] = [];
  socket.onAny((event: string, body: Record<string, unknown>, logId?: string) =>
    heard.push({ event, body, logId }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('session_info', () => resolve());
    socket.once('connect_error', reject);
  });
  return { socket, heard };
}
const answerOf = (heard: readonly Heard[]) =>
  heard
    .filter(({ event }) => event === 'chat_delta')
    .map(({ body }) => String(body['text']))
    .join('');
const prompt = (text: string) => ({ type: 'event.user.prompt', payload: { event: { text } } });

ingressTest(
  'a message over a socket, with a file, answered with the same events and their log ids',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const { socket, heard } = await connect(ingress, { bearer_token: await ingress.tokenFor('ann') });
    expect(heard[0]).toMatchObject({
      event: 'session_info',
      body: { user_type: 'registered', user_id: 'ann', username: 'ann', ...ingress.scope },
    });
    const submission = {
      external_events: [
        prompt('echo over a socket'),
        { type: 'event.user.attachment.file', payload: { event: { filename: 'a.txt' } } },
      ],
      conversation_id: 'c-1',
    };
    const ack: unknown = await socket.emitWithAck('chat_message', submission, Buffer.from('hello'));
    expect(ack).toMatchObject({ status: 'processing_started', conversation_id: 'c-1' });
    await expect
      .poll(() => heard.at(-1))
      .toMatchObject({ event: 'conv_status', body: { data: { state: 'idle' } } });
    expect(answerOf(heard)).toBe('over a socket');
    expect(
      heard
        .filter(({ event }) => event.startsWith('chat_'))
        .every(({ logId }) => /^\d+-\d+$/.test(logId ?? '')),
    ).toBe(true);
    expect(worker.tasks[0]?.payload).toMatchObject({
      stream_id: socket.id,
      attachments: [{ filename: 'a.txt', mime: 'text/plain', size: 5 }],
    });
    expect(await socket.emitWithAck('conv_status.get', { conversation_id: 'c-1' })).toMatchObject({
      state: 'idle',
    });
    socket.emit('ping');
    await expect.poll(() => heard.some(({ event }) => event === 'pong')).toBe(true);
  },
);

ingressTest(
  'a message may come without asking for an ack; what is wrong with it is an event then',
  async ({ ingress }) => {
    await ingress.work();
    const { socket, heard } = await connect(ingress, { bearer_token: await ingress.tokenFor('ann') });
    socket.emit('chat_message', { external_events: [prompt('echo no ack')] });
    await expect.poll(() => answerOf(heard)).toBe('no ack');
    socket.emit('chat_message', {});
    await expect
      .poll(() => heard.find(({ event }) => event === 'chat_error'))
      .toMatchObject({ body: { data: { error_type: 'request.invalid' } } });
  },
);

ingressTest(
  'a socket that comes back resumes; polling and the alias path work as well',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const first = await connect(
      ingress,
      { bearer_token: token, follow: 'session' },
      { path: '/cb/socket.io', transports: ['polling'] },
    );
    await first.socket.emitWithAck('chat_message', { external_events: [prompt('wait Hello my friend')] });
    await expect.poll(() => answerOf(first.heard)).toBe('Hello');
    first.socket.disconnect();
    const second = await connect(ingress, { bearer_token: token, follow: 'session' });
    const lastId = first.heard.at(-1)?.logId;
    expect(await second.socket.emitWithAck('resume', { last_event_id: lastId })).toEqual({
      resumed_from: lastId,
    });
    worker.release();
    await expect.poll(() => answerOf(second.heard)).toBe(' my friend');
  },
);

ingressTest(
  'identity is proved as on HTTP: a session id alone proves nothing, a bad token is refused',
  async ({ ingress }) => {
    await expect(connect(ingress, { bearer_token: 'nonsense' })).rejects.toMatchObject({
      data: { status: 401, detail: { error_type: 'auth.bad_token' } },
    });
    await expect(connect(ingress, { user_session_id: 'somebody' })).rejects.toMatchObject({
      data: { status: 403, detail: { error_type: 'auth.foreign_session' } },
    });
  },
);

ingressTest('what is wrong with a message comes back in its ack', async ({ ingress }) => {
  await ingress.work();
  const { socket } = await connect(ingress, { bearer_token: await ingress.tokenFor('ann') });
  const refused = async (...parts: unknown[]) =>
    (await socket.emitWithAck('chat_message', ...parts)) as { code: number; detail: { error_type: string } };
  expect(await refused({})).toMatchObject({
    code: 400,
    detail: { error_type: 'request.invalid', field: 'external_events' },
  });
  expect(await refused(null)).toMatchObject({ code: 400 });
  expect(await refused({ external_events: [prompt('x')] }, 'not binary')).toMatchObject({
    code: 400,
    detail: { error: 'files: must be binary' },
  });
  expect(await refused({ external_events: [prompt('x')], bundle_id: 'nobody' })).toMatchObject({ code: 404 });
  const attachment = { type: 'event.user.attachment.file', payload: { event: { filename: 'a.pdf' } } };
  expect(await refused({ external_events: [prompt('x'), attachment] })).toMatchObject({
    code: 400,
    detail: { error_type: 'rate_limit.attachment_failure', filename: 'a.pdf' },
  });
  expect(await socket.emitWithAck('conv_status.get', { conversation_id: 'c-unknown' })).toMatchObject({
    code: 404,
  });
  expect(socket.connected).toBe(true);
});

ingressTest('a socket that goes leaves nothing behind', async ({ ingress }) => {
  const { open } = ingress.running;
  const { socket } = await connect(ingress, {});
  await expect.poll(() => [open.streams(), open.followers(), open.channels()]).toEqual([1, 1, 2]);
  socket.disconnect();
  await expect.poll(() => [open.streams(), open.followers(), open.channels()]).toEqual([0, 0, 0]);
});

ingressTest(
  'an upgrade that is for nobody has its end, and its client may go as it likes',
  async ({ ingress }) => {
    const { port } = ingress.running;
    const upgrade = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket'];
    const elsewhere = requestOf(['GET /elsewhere HTTP/1.1', ...upgrade]);
    for (const text of [elsewhere, requestOf(['GET /socket.iox HTTP/1.1', ...upgrade])])
      expect(await sendRaw(port, text, { endMs: 20_000 })).toMatchObject({ statuses: [404], isEnded: true });

    // Socket.IO's own end of such a connection passes over one that had an answer before.
    const used = await openSlow(port, requestOf(['GET /profile HTTP/1.1', 'Host: a']));
    await once(used.socket, 'data');
    used.socket.write(elsewhere);
    expect((await used.answer).statuses).toEqual([200, 404]);

    // A reset is an error of the socket, and one that nobody listens to would end the process.
    const gone = await openSlow(port, elsewhere);
    await once(gone.socket, 'data');
    gone.socket.resetAndDestroy();
    await gone.answer;
    expect((await ingress.call('GET', '/profile')).status).toBe(200);
  },
);
