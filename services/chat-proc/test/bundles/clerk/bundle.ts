// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, job, z } from '@switchyard/bundle-sdk';
import type { WebRequestMessage } from '@switchyard/bundle-sdk';

/** Runs by what was asked for, so that a test sees that there was one. */
const runs = new Map<string, number>();
const told: unknown[] = [];
let ended = 0;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function sizeOf({ body, body_stream: stream }: WebRequestMessage) {
  if (stream === undefined) return { way: 'whole', size: body?.length ?? 0 };
  let size = 0;
  for await (const chunk of stream) size += chunk.length;
  return { way: 'stream', size };
}

/** Answers requests of sites by the channel, in every way that is allowed and some that are not. */
export default defineBundle({
  id: 'clerk',
  name: 'Clerk',
  capabilities: ['web'],
  jobs: {
    answer: job({
      data: z.object({ request_id: z.string(), times: z.number().default(1) }),
      needs: ['web'],
      async run(ctx, { request_id, times }) {
        for (let time = 1; time <= times; time += 1)
          told.push(
            await ctx.web.respond(request_id, {
              status: 200 + time,
              headers: { 'x-by': 'job' },
              body: `job ${time}`,
            }),
          );
      },
    }),
  },
  channels: {
    'io:web:request': {
      path: '/api/*',
      async run(message, ctx) {
        const { request_id: id, path } = message;
        const count = (runs.get(path) ?? 0) + 1;
        runs.set(path, count);
        const json = (value: unknown, status = 200) =>
          ctx.web.respond(id, {
            status,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(value),
          });
        const [, , what = '', word = ''] = path.split('/');
        switch (what) {
          case 'message': {
            const { body, ...rest } = message;
            return void (await json({
              ...rest,
              body: body === null ? null : Buffer.from(body).toString('latin1'),
            }));
          }
          case 'size':
            return void (await json(await sizeOf(message)));
          case 'count':
            await pause(Number(word));
            return void (await json({ count, id }));
          case 'unawaited':
            return void ctx.web.respond(id, { status: 200, body: 'x'.repeat(200_000) });
          case 'twice': {
            told.push(await ctx.web.respond(id, { status: 201, body: 'first' }));
            return void told.push(await ctx.web.respond(id, { status: 202, body: 'second' }));
          }
          case 'both': {
            const statuses = [201, 203];
            const both = statuses.map((status) => ctx.web.respond(id, { status, body: `answer ${status}` }));
            return void told.push(...(await Promise.all(both)));
          }
          case 'seen':
            return void (await json({ ended, told }));
          case 'silent':
            return;
          case 'throws':
            throw new Error('a secret of the inside');
          case 'exits':
            return process.exit(3);
          case 'hangs':
            return pause(60_000);
          case 'illegal': {
            const answered = await ctx.web.respond(id, {
              status: 200,
              headers: [['x-bad', 'a\r\nset-cookie: stolen=1']],
              body: 'no',
            });
            return void (await json(answered));
          }
          case 'cookies':
            return void (await ctx.web.respond(id, {
              status: 302,
              headers: [
                ['location', '/done'],
                ['set-cookie', 'a=1; Path=/'],
                ['set-cookie', 'b=2; HttpOnly'],
                ['set-cookie', '__Secure-LMTC=stolen; Path=/'],
                ['connection', 'x-hop'],
                ['x-own', 'kept'],
              ],
            }));
          case 'bytes':
            return void (await ctx.web.respond(id, {
              status: 200,
              headers: { 'content-type': 'application/octet-stream' },
              body: message.body ?? Uint8Array.from({ length: 256 }, (_, at) => at),
            }));
          case 'foreign': {
            return void (await json(await ctx.web.respond(word, { status: 200, body: 'not mine' })));
          }
          case 'later':
            await ctx.jobs.add('answer', { request_id: id });
            return;
          case 'accepted':
            await ctx.web.respond(id, { status: 202 });
            await ctx.jobs.add('answer', { request_id: id, times: 2 });
            return;
          case 'failing':
            await ctx.web.respond(id, { status: 202 });
            throw new Error('after the answer');
          case 'aborted':
            ctx.signal.addEventListener('abort', () => void (ended += 1));
            console.log('handler began');
            return pause(60_000);
          default:
            return void (await json({ error: 'unknown' }, 404));
        }
      },
    },
  },
});
