// Writes the generated pages of docs/reference from the code that they describe: errors, settings, Redis keys, the bundle SDK, the command line.
// `node tools/generate-reference.ts` writes; with `--check` it writes nothing and exits 1 when a page is out of date.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandPage } from './reference/command-page.ts';
import { settingPage } from './reference/setting-page.ts';
import { errorPage } from './reference/error-page.ts';
import { keyPage } from './reference/key-page.ts';
import { sdkPage } from './reference/sdk-page.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Services that have settings, in the order of a message's walk. */
const ORDER = ['web-proxy', 'chat-ingress', 'chat-proc', 'proxylogin', 'web-ui', 'secrets', 'exec'];
const services = readdirSync(join(root, 'services'))
  .filter((name) => existsSync(join(root, 'services', name, 'src/env.ts')))
  .toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));

const pages: Record<string, string> = {
  'errors.md': errorPage(),
  'redis-keys.md': keyPage(readFileSync(join(root, 'packages/redis/src/keys.ts'), 'utf8')),
  'sdk.md': sdkPage(),
  'commands.md': commandPage(),
  'config.md': await settingPage(services, (name) => import(join(root, 'services', name, 'src/env.ts'))),
};

const isCheck = process.argv.includes('--check');
const stale = Object.entries(pages).filter(([name, text]) => {
  const path = join(root, 'docs/reference', name);
  return !existsSync(path) || readFileSync(path, 'utf8') !== text;
});
for (const [name, text] of stale) {
  if (isCheck) console.error(`docs/reference/${name} is out of date: run node tools/generate-reference.ts`);
  else {
    writeFileSync(join(root, 'docs/reference', name), text);
    console.log(`docs/reference/${name} written`);
  }
}
process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
