import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressAssets } from './compress-assets.ts';

const root = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig(({ command }) => {
  // What is built is for readers, whoever builds it: a caller's NODE_ENV (a test run sets `test`) would bring in React's
  // development build, half as large again and slower, and it would stay in dist/ for the next start.
  // oxlint-disable-next-line node/no-process-env -- Vite reads it after this function and has no setting for it
  if (command === 'build') process.env['NODE_ENV'] = 'production';
  return {
    root,
    plugins: [react(), tailwindcss(), compressAssets(`${root}dist`)],
    build: {
      outDir: 'dist',
      emptyOutDir: true,
      target: 'es2023',
      // Inlined files would be data: addresses, which the page's policy does not allow for fonts and images.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
    server: {
      port: 5173,
      proxy: {
        '^/(sse|api|profile|socket.io|admin)(/|$)': { target: 'http://127.0.0.1:8080', changeOrigin: true },
      },
    },
  };
});
