// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle } from '@switchyard/bundle-sdk';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const encoder = new TextEncoder();
let runs = 0;
let ended = 0;
const seen = new Map<string, number>();

/** Answers requests of sites by `fetch`. */
export default defineBundle({
  id: 'fetcher',
  name: 'Fetcher',
  capabilities: ['web'],
  web: {
    path: '/fetch/*',
    async fetch(request, ctx) {
      const { pathname, searchParams } = new URL(request.url);
      const [, , what = '', word = ''] = pathname.split('/');
      runs += 1;
      switch (what) {
        case 'hello':
          return new Response(`hello from ${ctx.site}`, { headers: { 'content-type': 'text/plain' } });
        case 'ended':
          return Response.json({ ended });
        case 'runs':
          return Response.json({ runs });
        case 'request':
          return Response.json({
            method: request.method,
            url: request.url,
            headers: Object.fromEntries(request.headers),
            user: ctx.user ?? null,
            body: await request.text(),
          });
        case 'echo':
          return new Response(request.body, { headers: { 'content-type': 'application/octet-stream' } });
        case 'once': {
          const key = searchParams.get('key') ?? '';
          seen.set(key, (seen.get(key) ?? 0) + 1);
          await pause(Number(word || 0));
          return Response.json({ key, count: seen.get(key) });
        }
        case 'events': {
          let tick = 0;
          const body = new ReadableStream<Uint8Array>({
            async pull(controller) {
              await pause(10);
              controller.enqueue(encoder.encode(`id: ${(tick += 1)}\ndata: tick ${tick}\n\n`));
            },
            cancel: () => void (ended += 1),
          });
          return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        }
        case 'cached':
          return new Response(
            `run ${runs} ${searchParams.get('q') ?? ''} ${request.headers.get('x-forwarded-host') ?? ''}`,
            {
              headers: {
                'cache-control': `s-maxage=${searchParams.get('age') ?? '60'}, stale-while-revalidate=${searchParams.get('stale') ?? '0'}`,
                'cache-tag': 'all, page',
                ...(searchParams.has('cookie') ? { 'set-cookie': 'a=1' } : {}),
              },
            },
          );
        case 'purge':
          return Response.json(await ctx.web.purge([word]));
        case 'length':
          return new Response('four', { headers: { 'content-length': word } });
        case 'later':
          ctx.waitUntil(
            pause(100).then(async () => {
              await ctx.web.respond(ctx.request_id ?? '', { status: 200, body: 'done in the end' });
            }),
          );
          return new Response(null, { status: 202 });
        case 'nothing':
          return undefined as unknown as Response;
        case 'aborted':
          console.log('handler began');
          await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
          ended += 1;
          return new Response('nobody reads this');
        default:
          return new Response('not found', { status: 404 });
      }
    },
  },
});
