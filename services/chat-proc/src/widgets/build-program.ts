// The program of one build: started by build-widget.ts in a process of its own, inside the sandbox. Nothing of an author is run here: no
// config file, no plugin, no PostCSS of theirs is loaded; their sources are only read and put together.
import { build } from 'vite';
import type { Plugin } from 'vite';

interface BuildOrder {
  readonly root: string;
  readonly outDir: string;
  /** File that `@switchyard/bundle-sdk/widget` means. */
  readonly clientFile: string;
  /** Folders and files that may become a part of the page. */
  readonly sources: readonly string[];
}

const order = JSON.parse(process.argv[2] ?? '') as BuildOrder;
/** Nothing else of this machine gets into a page, whatever an import says. Vite's native half knows nothing of Node's permissions. */
function onlySources(sources: readonly string[]): Plugin {
  return {
    name: 'only-sources',
    enforce: 'pre',
    load(id) {
      const path = id.split('?', 1)[0] ?? '';
      const isOwn = sources.some((source) => path === source || path.startsWith(`${source}/`));
      if (path.startsWith('/') && !isOwn) throw new Error(`"${path}" is not a part of the bundle`);
      return null;
    },
  };
}

try {
  await build({
    configFile: false,
    envDir: false,
    root: order.root,
    // Relative: the page's own address has a ticket in it.
    base: './',
    mode: 'production',
    logLevel: 'silent',
    cacheDir: `${order.outDir}/.cache`,
    plugins: [onlySources(order.sources)],
    css: { postcss: {} },
    resolve: { alias: { '@switchyard/bundle-sdk/widget': order.clientFile } },
    build: {
      outDir: order.outDir,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      // One script: what is loaded later could come after the page's ticket has run out.
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
