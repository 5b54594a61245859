import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { expect } from 'vitest';
import { procTest as test } from '../../test/proc-rig.ts';
import { openSite } from '../../test/site-rig.ts';

const DEPLOYS = 20;
const CLIENTS = 64;
const ASSETS = 4;
const HOST = { host: 'blog.localhost', 'x-switchyard-site-origin': 'own' };

/** One deploy: a page that names its assets, which say of what deploy they are. */
function filesOf(mark: string): { path: string; content: string }[] {
  const assets = Array.from({ length: ASSETS }, (_, at) => {
    const content = `part ${at} of ${mark}`;
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    return { path: `assets/part.${hash}a1.js`, content };
  });
  const page = JSON.stringify({ mark, assets: assets.map(({ path }) => path) });
  // The page first: published one by one, it would be there before what it names.
  return [{ path: 'index.html', content: page }, { path: 'mark.txt', content: mark }, ...assets];
}

interface Page {
  mark: string;
  assets: string[];
}

test('twenty deploys under sixty-four clients: no page without its assets, no mixture, and old pages go on', async ({
  rig,
  redis,
}) => {
  const site = await openSite(rig, redis);
  // Deploys are made in one worker; half of the clients ask another one, which only hears of them.
  const { port: other } = await rig.start({ siteRefresh: '1h' });
  expect((await site.call('deploy', { files: filesOf('d0') })).status).toBe(200);
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const get = (port: number, target: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: `/site-root${target}`, headers: HOST, agent });
      asked.on('error', reject);
      asked.on('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      asked.end();
    });
  const wrong: string[] = [];
  const seen = new Set<string>();
  const over = new AbortController();
  let pages = 0;

  const checkAssets = async (port: number, { mark, assets }: Page, when: string): Promise<void> => {
    for (const [at, asset] of assets.entries()) {
      const { status, text } = await get(port, `/${asset}`);
      if (status !== 200 || text !== `part ${at} of ${mark}`)
        wrong.push(`${when}: ${asset} of ${mark} was ${status} ${text.slice(0, 40)}`);
    }
  };
  const client = async (at: number): Promise<void> => {
    const port = at % 2 === 0 ? site.port : other;
    let first: Page | undefined;
    let former = -1;
    while (!over.signal.aborted) {
      const { status, text } = await get(port, '/');
      if (status !== 200) {
        wrong.push(`a page was ${status}`);
        continue;
      }
      const page = JSON.parse(text) as Page;
      const number = Number(page.mark.slice(1));
      if (number < former) wrong.push(`${page.mark} after d${former}`);
      former = number;
      first ??= page;
      seen.add(page.mark);
      pages += 1;
      await checkAssets(port, page, 'at once');
      // Of two requests the later one never sees the earlier deploy.
      const mark = Number((await get(port, '/mark.txt')).text.slice(1));
      if (!(mark >= number)) wrong.push(`mark.txt said ${mark} after a page of ${number}`);
    }
    // The page that this reader has had open since the beginning, twenty deploys ago.
    if (first !== undefined) await checkAssets(port, first, 'at the end');
  };

  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)));
  for (let number = 1; number <= DEPLOYS; number += 1) {
    const { status } = await site.call('deploy', { files: filesOf(`d${number}`) });
    if (status !== 200) wrong.push(`deploy ${number} was ${status}`);
    // Each is read by somebody before the next one: otherwise a switch could pass unseen.
    await expect.poll(() => seen.has(`d${number}`), { timeout: 30_000, interval: 5 }).toBe(true);
  }
  over.abort();
  await clients;
  agent.destroy();
  // Torn deploys come by the thousand: the first ones say enough.
  expect([wrong.length, wrong.slice(0, 10)]).toEqual([0, []]);
  expect(seen.size).toBe(DEPLOYS + 1);
  expect(pages).toBeGreaterThanOrEqual(DEPLOYS * 2);
}, 180_000);
