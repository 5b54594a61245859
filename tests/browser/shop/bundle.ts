// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, job } from '@switchyard/bundle-sdk';
import type { Web } from '@switchyard/bundle-sdk';

/** A deploy as a build would make it: names with hashes, a page that names them, a part that is loaded late. */
function filesOf(version: 'one' | 'two') {
  const hash = version === 'one' ? 'a1b2c3d4e5' : 'f6a7b8c9d0';
  return [
    {
      path: 'index.html',
      content: `<!doctype html><html lang="en"><title>Shop ${version}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="look.${hash}.css"><script type="module" src="app.${hash}.js"></script>
<h1>Shop ${version}</h1>
<form action="api/name" method="post"><label>Name <input name="name"></label><button>Say it</button></form>
<p id="greeting"></p><ol id="events"></ol><button id="late">Load more</button><p id="more"></p></html>`,
    },
    { path: `look.${hash}.css`, content: `h1 { color: rgb(${version === 'one' ? '1, 2, 3' : '4, 5, 6'}) }` },
    {
      path: `app.${hash}.js`,
      content: `const put = (id, text) => { document.getElementById(id).textContent = text; };
fetch('api/me').then((answer) => answer.json()).then(({ name }) => put('greeting', name === null ? 'Who are you?' : 'Hello ' + name));
const events = new EventSource('api/events');
events.onmessage = ({ data }) => { const item = document.createElement('li'); item.textContent = data; document.getElementById('events').append(item); };
document.getElementById('late').onclick = async () => put('more', (await import('./late.${hash}.js')).more);`,
    },
    { path: `late.${hash}.js`, content: `export const more = 'more of ${version}';` },
  ];
}

async function publish(web: Pick<Web, 'deploy'>, version: 'one' | 'two'): Promise<void> {
  const deployed = await web.deploy(filesOf(version));
  if ('error' in deployed) throw new Error(deployed.error);
}

/** A small site with everything that a browser does to one. */
export default defineBundle({
  id: 'shop',
  name: 'Shop',
  capabilities: ['web'],
  jobs: { open: job({ onServe: true, attempts: 3, needs: ['web'], run: (ctx) => publish(ctx.web, 'one') }) },
  web: {
    site: 'shop',
    path: '/api/*',
    async fetch(request, ctx) {
      const { pathname } = new URL(request.url);
      if (pathname === '/api/name') {
        const name = new URLSearchParams(await request.text()).get('name') ?? '';
        const headers = {
          location: '/',
          'set-cookie': `name=${encodeURIComponent(name)}; HttpOnly; SameSite=Lax; Path=/`,
        };
        return new Response(null, { status: 303, headers });
      }
      if (pathname === '/api/me') {
        const name = /(?:^|; )name=([^;]*)/u.exec(request.headers.get('cookie') ?? '')?.[1];
        return Response.json({ name: name === undefined ? null : decodeURIComponent(name) });
      }
      if (pathname === '/api/events') {
        let sent = 0;
        const body = new ReadableStream<Uint8Array>({
          async pull(controller) {
            // Three come, then it stays open and quiet until the reader leaves.
            if (sent === 3) return new Promise(() => undefined);
            sent += 1;
            controller.enqueue(new TextEncoder().encode(`data: event ${sent}\n\n`));
            return undefined;
          },
        });
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      }
      if (pathname === '/api/deploy' && request.method === 'POST') {
        await publish(ctx.web, 'two');
        return new Response('deployed');
      }
      return new Response('Not found', { status: 404 });
    },
  },
});
