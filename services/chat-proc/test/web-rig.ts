import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createCapabilities } from '@switchyard/capabilities';
import { createHttpApp, listen } from '@switchyard/http';
import { createIdentity } from '@switchyard/identity';
import { Deadline, PlatformError, Scope, createServiceGroup } from '@switchyard/kernel';
import { CAPABILITY_CATALOG, roleNames } from '@switchyard/protocol';
import { createRegistry } from '@switchyard/registry';
import { createRunner } from '@switchyard/runner';
import { platformTest, sharePrograms } from '@switchyard/testkit';
import { servedSiteSchema } from '@switchyard/web-store';
import type { DynamicRoute, ServedSite } from '@switchyard/web-store';
import { procConfigSchema } from '../src/env.ts';
import { buildInvoker } from '../src/invocations/build-invoker.ts';
import { openJobs } from '../src/jobs/open-jobs.ts';
import { openBase } from '../src/open-base.ts';
import { runnerConfig } from '../src/runner-config.ts';
import { startBundles } from '../src/start-bundles.ts';
import type { CloudflareAccess } from '../src/web/access/cloudflare-access.ts';
import { openDynamic } from '../src/web/dynamic/open-dynamic.ts';
import { createSecretClient, secretsAt } from '../src/secrets/secret-client.ts';

const HERE = import.meta.dirname;

export interface WebWorker {
  /** Of a site's own origin; the shared one is `/sites/{alias}` below it. */
  readonly origin: string;
  readonly port: number;
  readonly base: Awaited<ReturnType<typeof openBase>>;
  /** What bundles wrote to the log. */
  wrote(bundleId: string): string[];
  token(type: 'registered' | 'paid'): Promise<string>;
}

export interface WebRig {
  /** The sites that every worker serves, by alias; the first one is the one of `origin`. */
  readonly sites: Map<string, ServedSite>;
  /** Adds or replaces a site. Its routes are all dynamic: `/api/*` and `/fetch/*`. */
  site(alias: string, settings?: Record<string, unknown>, routes?: Partial<DynamicRoute>[]): void;
  start(settings?: Record<string, string>, cloudflare?: CloudflareAccess): Promise<WebWorker>;
}

/** Workers that serve dynamic requests of sites from a table in place of a store; everything below is real. */
export const webTest = platformTest.extend<{ rig: WebRig }>({
  rig: async ({ redis, postgres }, use) => {
    const scope = new Scope();
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-web-'));
    scope.defer(() => rm(root, { recursive: true, force: true }));
    const bundlesDir = path.join(root, 'bundles');
    await sharePrograms(path.join(root, 'hosts'));
    for (const name of ['clerk', 'fetcher'])
      await cp(path.join(HERE, 'bundles', name), path.join(bundlesDir, name), { recursive: true });
    const sites = new Map<string, ServedSite>();
    const config = (settings: Record<string, string>) =>
      procConfigSchema.parse({
        tenant: redis.tenant,
        project: redis.project,
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        switchyardMasterKey: 'a key for tests that is long enough to be one',
        bundlesDir,
        port: '0',
        logLevel: 'silent',
        bundleStoreDir: path.join(root, 'store'),
        runnerWorkDir: path.join(root, 'hosts'),
        runnerWarmHosts: '0',
        blobDir: path.join(root, 'files'),
        defaultBundle: 'clerk',
        runnerSandbox: 'permission',
        ...settings,
      });
    const site: WebRig['site'] = (
      alias,
      settings = {},
      routes = [{ pattern: '/api/*' }, { pattern: '/fetch/*' }],
    ) => {
      const { dynamic = {}, ...others } = settings as { dynamic?: object };
      const full = {
        hosts: [],
        alias,
        deployId: 'd1',
        settings: { ...others, dynamic: { routes, ...dynamic } },
      };
      sites.set(alias, servedSiteSchema.parse(full));
    };
    site('shop');
    const start: WebRig['start'] = async (settings = {}, cloudflare) => {
      const worker = await startWorker(scope, config(settings), sites, cloudflare);
      return worker;
    };
    await use({ sites, site, start });
    await scope.close();
  },
});

async function startWorker(
  scope: Scope,
  config: ReturnType<typeof procConfigSchema.parse>,
  sites: ReadonlyMap<string, ServedSite>,
  cloudflare: CloudflareAccess | undefined,
): Promise<WebWorker> {
  const base = await openBase(scope, config);
  const { log, bundles } = base;
  const runner = createRunner({ ...base, config: runnerConfig(config) });
  const registry = createRegistry({ ...base, runner });
  const foundations = createServiceGroup('bundles', [runner, registry]);
  scope.defer(() => foundations.stop(Deadline.in(5000)));
  await foundations.start();
  await startBundles({ registry, bundles, log, bundlesDir: config.bundlesDir, defaultBundle: 'clerk' });
  const web = openDynamic(scope, base, config);
  const work = openJobs(scope, base, config, createSecretClient({ ...secretsAt(config), scope: base.scope }));
  const { respond, purge } = CAPABILITY_CATALOG.web.methods;
  const capabilities = createCapabilities([
    {
      name: 'web',
      methods: {
        respond: (caller, given) => web.respond(caller, ...respond.args.parse(given)),
        purge: (caller, given) => web.purge(caller, ...purge.args.parse(given)),
      },
    },
    work.capability,
  ]);
  const invoker = buildInvoker(base, { registry, runner, capabilities });
  await work.start(invoker);
  const { dynamic } = await web.start({
    invoker,
    registry,
    ...(cloudflare === undefined ? {} : { cloudflare }),
  });
  const app = createHttpApp({
    name: 'web-rig',
    log,
    metrics: base.metrics,
    clock: base.clock,
    health: { isDraining: () => false, report: () => ({ ok: true }) },
    makeRequestId: () => base.ids.request(),
    bodyLimit: 1000,
    mount: (mounted) => {
      const serve = (alias: string) => {
        const served = sites.get(alias);
        if (served === undefined) throw PlatformError.of('NOT_FOUND');
        return served;
      };
      const handle = async (
        alias: string,
        req: Parameters<typeof dynamic.handle>[2],
        res: Parameters<typeof dynamic.handle>[3],
      ) => {
        const served = serve(alias);
        const route = served.settings.dynamic.routes.find(({ pattern }) =>
          req.path.startsWith(pattern.replace('*', '')),
        );
        if (route === undefined) throw PlatformError.of('NOT_FOUND');
        await dynamic.handle(served, route, req, res);
      };
      mounted.use('/sites/:alias', (req, res) => handle(req.params['alias'], req, res));
      mounted.use((req, res) => handle(String(req.headers['x-test-site'] ?? [...sites.keys()][0]), req, res));
    },
  });
  const server = await scope.use(listen(app, { port: 0, host: '127.0.0.1' }), (one) => one.close(1000));
  return {
    origin: `http://127.0.0.1:${server.port}`,
    port: server.port,
    base,
    wrote: (bundleId) => base.bundleLogs.after(bundleId, 0).entries.map(({ text }) => text),
    token: (type) =>
      createIdentity({ ...base, config }).issueToken({
        userId: `${type}-user`,
        username: type,
        roles: [roleNames()[type]],
      }),
  };
}
