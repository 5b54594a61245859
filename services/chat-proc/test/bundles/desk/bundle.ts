// oxlint-disable import/no-default-export -- the default export is what a host loads
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { defineBundle, operation, tool, z } from '@switchyard/bundle-sdk';

/** Replaced by tests that register a further version. */
const VERSION = 'first';

let calls = 0;
let errands = 0;
const drips = { pieces: 0, open: 0, aborted: 0 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Operations of every kind that the REST surface knows. */
export default defineBundle({
  id: 'desk',
  name: `Desk ${VERSION}`,
  mcp: {
    alias: 'desk-tools',
    tools: {
      add: tool({
        description: 'Adds two numbers.',
        input: z.object({ a: z.number(), b: z.number() }),
        output: z.object({ sum: z.number() }),
        run: (_ctx, { a, b }) => ({ sum: a + b }),
      }),
    },
  },
  operations: {
    count: operation({
      tool: true,
      description: 'Counts the characters of a text.',
      input: z.object({ text: z.string() }),
      output: z.object({ characters: z.number() }),
      run: (_ctx, { text }) => ({ characters: Array.from(text).length }),
    }),
    find: operation({
      method: 'GET',
      input: z.object({ q: z.string(), tag: z.union([z.string(), z.array(z.string())]).optional() }),
      run: (_ctx, input) => input,
    }),
    who: operation({
      tool: true,
      run: (ctx, input) => ({
        user: ctx.user,
        conversation: ctx.conversation_id ?? null,
        input,
        version: VERSION,
      }),
    }),
    guest: operation({ allow: 'anonymous', run: () => 'welcome' }),
    paidOnly: operation({ tool: true, allow: 'paid', run: () => 'paid' }),
    staffOnly: operation({ roles: ['staff'], run: () => 'staff' }),
    boom: operation({
      tool: true,
      run: () => {
        throw new Error('the secret sauce is missing');
      },
    }),
    crash: operation({ run: () => process.exit(7) }),
    slow: operation({
      timeoutMs: 300,
      run: async (ctx) => {
        await pause(60_000);
        return ctx.signal.aborted;
      },
    }),
    tally: operation({
      run: async () => {
        calls += 1;
        await pause(150);
        return { calls };
      },
    }),
    /** Longer than a test takes to leave it. */
    errand: operation({
      run: async () => {
        errands += 1;
        console.log(`errand ${errands} begun`);
        await pause(2_000);
        return { errands };
      },
    }),
    /** A file, made by a call that changes something. */
    sheet: operation({ run: () => new Response(`sheet ${(calls += 1)}`) }),
    page: operation({
      tool: true,
      method: 'GET',
      run: () =>
        new Response('<h1>Hi</h1>', {
          status: 201,
          headers: { 'content-type': 'text/html', 'set-cookie': 'a=b', 'x-desk': 'yes' },
        }),
    }),
    stream: operation({
      method: 'GET',
      run: (ctx) => {
        let n = 0;
        const body = new ReadableStream<Uint8Array>({
          async pull(controller) {
            if (n === 5) return controller.close();
            if (n > 0) await pause(20);
            controller.enqueue(new TextEncoder().encode(`${VERSION} ${n}\n`));
            n += 1;
          },
        });
        ctx.signal.addEventListener('abort', () => console.log('reader gone'));
        return new Response(body, { headers: { 'content-type': 'text/plain' } });
      },
    }),
    /** Has no end of its own; a piece is made when somebody has room for it. */
    drip: operation({
      method: 'GET',
      run: (ctx) => {
        const piece = new Uint8Array(16 * 1024);
        drips.open += 1;
        ctx.signal.addEventListener('abort', () => (drips.aborted += 1));
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            drips.pieces += 1;
            controller.enqueue(piece);
          },
          cancel() {
            drips.open -= 1;
          },
        });
        return new Response(body);
      },
    }),
    drips: operation({ method: 'GET', run: () => drips }),
    /** A file of its own folder, which is gone when the call is over. */
    download: operation({
      method: 'GET',
      input: z.object({ bytes: z.coerce.number() }),
      run: async (ctx, { bytes }) => {
        const file = join(ctx.scratchDir, 'large.bin');
        await writeFile(file, Buffer.alloc(bytes, 'switchyard'));
        const headers = {
          'content-type': 'application/octet-stream',
          'content-length': String(bytes),
          'x-file': file,
        };
        return new Response(Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>, {
          headers,
        });
      },
    }),
    paid: operation({ route: 'public', run: (ctx, input) => ({ input, user: ctx.user.user_id }) }),
    tell: operation({
      input: z.object({ to: z.enum(['session', 'project']), type: z.string() }),
      run: async (ctx, { to, type }) => {
        await ctx.notify(to, type, { card: 7 });
        return null;
      },
    }),
  },
});
