import { defineBundle } from '@switchyard/bundle-sdk';

const encoder = new TextEncoder();

export default defineBundle({
  id: 'site',
  name: 'Site',
  capabilities: ['storage'],
  web: {
    async fetch(request, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === '/notes') {
        await ctx.storage.write('notes.txt', new Uint8Array(await request.arrayBuffer()));
        return new Response(null, { status: 204 });
      }
      const ticks = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const tick of [1, 2, 3]) controller.enqueue(encoder.encode(`data: ${tick}\n\n`));
          controller.close();
        },
      });
      return new Response(ticks, { headers: { 'content-type': 'text/event-stream' } });
    },
  },
});
