import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineBundle, httpHosts, operation } from '@switchyard/bundle-sdk';
import type { Turn } from '@switchyard/bundle-sdk';

const encoder = new TextEncoder();

/** Files in every way, by the message. */
const files: Record<string, (turn: Turn) => string> = {
  plain(turn) {
    mkdirSync(join(turn.scratchDir, 'deep'));
    writeFileSync(join(turn.scratchDir, 'deep/a.txt'), 'in the file');
    return 'deep/a.txt';
  },
  absolute(turn) {
    writeFileSync(join(turn.scratchDir, 'a.txt'), 'in the file');
    return join(turn.scratchDir, 'a.txt');
  },
  missing: () => 'none.txt',
  outside: () => '/etc/passwd',
  upwards: () => '../../../../../../etc/passwd',
  folder(turn) {
    mkdirSync(join(turn.scratchDir, 'folder'));
    return 'folder';
  },
  large(turn) {
    writeFileSync(join(turn.scratchDir, 'large'), Buffer.alloc(2_000_000));
    return 'large';
  },
  link(turn) {
    symlinkSync('/etc/passwd', join(turn.scratchDir, 'link'));
    return 'link';
  },
  linkedFolder(turn) {
    symlinkSync('/etc', join(turn.scratchDir, 'etc'));
    return 'etc/passwd';
  },
  secondName(turn) {
    linkSync(import.meta.filename, join(turn.scratchDir, 'other'));
    return 'other';
  },
};

/** Publishes a site of that many images. */
const publish = (files: number) =>
  operation({
    needs: ['web'],
    async run(ctx) {
      const content = new Uint8Array(1024);
      const site = Array.from({ length: files }, (_, at) => ({ path: `${at}.png`, content }));
      return { told: await ctx.web.deploy(site).catch((error: unknown) => ({ error: String(error) })) };
    },
  });

export default defineBundle({
  id: 'pages',
  name: 'Pages',
  capabilities: ['storage', 'web', httpHosts('example.com')],
  async executeCore(turn) {
    if (turn.message === 'fill') {
      for (let file = 0; ; file += 1) {
        writeFileSync(join(turn.scratchDir, `${file}`), Buffer.alloc(1_000_000));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const path = files[turn.message]?.(turn as never) ?? '';
    await turn.file({ filename: 'a.txt', mime: 'text/plain', path });
    return { path };
  },
  operations: {
    publish_1: publish(1),
    publish_2000: publish(2000),
    publish_2049: publish(2049),
    copy: operation({
      needs: ['storage', 'http'],
      async run(ctx) {
        const bytes = await ctx.storage.read('in.bin');
        await ctx.storage.write('out.bin', bytes ?? new Uint8Array());
        const answer = await ctx.http.fetch('http://example.com/a', { method: 'POST', body: 'question' });
        return { length: bytes?.length, status: answer.status, text: await answer.text() };
      },
    }),
  },
  web: {
    async fetch(request, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === '/echo') return new Response(request.body, { status: 201 });
      if (pathname === '/later') {
        ctx.waitUntil(
          new Promise((resolve) => setTimeout(resolve, 300)).then(() => console.log('done later')),
        );
        return new Response('at once');
      }
      // Server-sent events that end when the reader leaves, and say so.
      let tick = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          controller.enqueue(encoder.encode(`data: ${(tick += 1)}\n\n`));
        },
        cancel: () => console.log('reader left'),
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  },
});
