import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError, hashHex } from '@switchyard/kernel';
import { z } from 'zod';
import type { AssetPaths } from './layout.ts';

const FONT = 'inter-latin.woff2';
const require = createRequire(import.meta.url);
/** Names with a hash of their content never change. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** Styles and font of the pages, read once. The font's name stands in the styles, whose name holds the hash of both. */
export async function createAssets(): Promise<{ paths: AssetPaths; route: Route }> {
  const [styles, font] = await Promise.all([
    readFile(new URL('login.css', import.meta.url)),
    readFile(require.resolve('@fontsource-variable/inter/files/inter-latin-wght-normal.woff2')),
  ]);
  const folder = hashHex(`${styles.toString()}${font.toString('base64')}`).slice(0, 12);
  const files = new Map([
    ['login.css', { type: 'text/css; charset=utf-8', bytes: styles }],
    [FONT, { type: 'font/woff2', bytes: font }],
  ]);
  const route = defineRoute({
    method: 'get',
    path: '/auth/assets/:folder/:name',
    summary: 'Styles and font of the sign-in pages.',
    tag: 'sign-in',
    guard: 'none',
    params: z.object({ folder: z.literal(folder), name: z.enum(['login.css', FONT]) }),
    produces: 'text/css',
    handle: ({ params, res }) => {
      const file = files.get(params.name);
      if (file === undefined) throw PlatformError.of('NOT_FOUND');
      res.setHeader('Cache-Control', FOR_EVER);
      res.type(file.type).send(file.bytes);
    },
  });
  return { paths: { styles: `/auth/assets/${folder}/login.css` }, route };
}
