import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { ACTOR_DIR } from './proc-rig.ts';
import type { ProcRig } from './proc-rig.ts';

const HERE = import.meta.dirname;

export interface SiteReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  text: string;
}

export interface SiteRig {
  port: number;
  /** A request as it is written: nothing tidies its path up. */
  ask(
    target: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
  ): Promise<SiteReply>;
  /** The same, to the site `blog` on an origin of its own. */
  own(
    target: string,
    options?: { method?: string; headers?: Record<string, string>; body?: string | Buffer },
  ): Promise<SiteReply>;
  /** An operation of the bundle that publishes. */
  call(operation: string, data?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** A worker with the gateway and a bundle that publishes to the site `blog`. */
export async function openSite(
  rig: ProcRig,
  scope: { tenant: string; project: string },
  settings: Record<string, string> = {},
): Promise<SiteRig> {
  await rig.ship(ACTOR_DIR);
  await rig.ship(path.join(HERE, 'bundles/blog'));
  await rig.ship(path.join(HERE, '../../../bundles/web-gateway'));
  const { port } = await rig.start({ siteRefresh: '1h', ...settings });
  const token = await rig.token('registered');
  const ask: SiteRig['ask'] = (target, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path: target, method, headers, agent: false },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const whole = Buffer.concat(chunks);
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: whole,
              text: whole.toString(),
            });
          });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  return {
    port,
    ask,
    own: (target, options = {}) =>
      ask(`/site-root${target}`, {
        ...options,
        headers: { host: 'blog.localhost:8081', 'x-switchyard-site-origin': 'own', ...options.headers },
      }),
    async call(operation, data = {}) {
      const at = `/api/integrations/bundles/${scope.tenant}/${scope.project}/blog/operations/${operation}`;
      const { status, text } = await ask(at, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ data }),
      });
      const parsed = JSON.parse(text) as Record<string, Record<string, unknown>>;
      return { status, body: parsed[operation] ?? parsed };
    },
  };
}
