import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const MAX_OUTPUT = 64 * 1024 * 1024;
const POLL_MS = 250;

/** What `docker inspect` says of one container, as far as it is looked at here. */
export interface Container {
  readonly name: string;
  readonly service: string;
  readonly health: string;
  readonly restarts: number;
  readonly user: string;
  readonly isReadOnly: boolean;
  /** Host ports that lead into it. */
  readonly published: string[];
}

/** A compose stack of its own: own project name, port, secrets and volumes. */
export interface ComposeStack {
  readonly url: string;
  compose(...args: string[]): Promise<string>;
  exec(container: string, script: string): Promise<string>;
  containers(service?: string): Promise<Container[]>;
  /** Waits until the predicate holds; the error names what was there in its place. */
  until(what: string, limitMs: number, holds: (containers: Container[]) => boolean): Promise<Container[]>;
  token(options: { user: string }): Promise<string>;
  /** Ends everything and removes the volumes. */
  remove(): Promise<void>;
}

interface Inspected {
  Name: string;
  RestartCount: number;
  State: { Health?: { Status: string } };
  Config: { User: string; Labels: Record<string, string> };
  HostConfig: { ReadonlyRootfs: boolean };
  NetworkSettings: { Ports: Record<string, { HostPort: string }[] | null> };
}

const toContainer = ({
  Name,
  RestartCount,
  State,
  Config,
  HostConfig,
  NetworkSettings,
}: Inspected): Container => ({
  name: Name.slice(1),
  service: Config.Labels['com.docker.compose.service'] ?? '',
  health: State.Health?.Status ?? 'none',
  restarts: RestartCount,
  user: Config.User,
  isReadOnly: HostConfig.ReadonlyRootfs,
  published: [
    ...new Set(
      Object.values(NetworkSettings.Ports).flatMap((bindings) =>
        (bindings ?? []).map(({ HostPort }) => HostPort),
      ),
    ),
  ],
});

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

const docker = async (...args: string[]): Promise<string> =>
  (await run('docker', args, { maxBuffer: MAX_OUTPUT })).stdout;

/** Writes the settings as a person would who wants generated code, then points them at free ports. */
const writeSettings = async (folder: string, port: number, sitesPort: number): Promise<string> => {
  const file = join(folder, 'env');
  await run(join(root, 'deploy/compose-init'), [file]);
  const text = readFileSync(file, 'utf8')
    .replace(/^# (?=EXEC_URL=)/m, '')
    .replace(/^SWITCHYARD_PORT=.*$/m, `SWITCHYARD_PORT=${port}`)
    .replace(/^PUBLIC_URL=.*$/m, `PUBLIC_URL=http://localhost:${port}`)
    .replace(/^SWITCHYARD_SITES_PORT=.*$/m, `SWITCHYARD_SITES_PORT=${sitesPort}`)
    .replace(/^SITES_URL=.*$/m, `SITES_URL=http://{site}.localhost:${sitesPort}`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
};

/** Makes the project; nothing runs before `compose('up', '-d')`. */
export const createComposeStack = async (): Promise<ComposeStack> => {
  const project = `switchyard-test-${randomBytes(4).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), `${project}-`));
  const port = await freePort();
  const settings = await writeSettings(folder, port, await freePort());
  const compose = async (...args: string[]): Promise<string> => {
    const given = ['-p', project, '--env-file', settings, ...args];
    const { stdout } = await run(join(root, 'deploy/compose'), given, {
      maxBuffer: MAX_OUTPUT,
      // Images of their own name, so that a test never replaces those that somebody runs.
      env: { ...process.env, SWITCHYARD_VERSION: 'test' },
    });
    return stdout;
  };
  const containers = async (service?: string): Promise<Container[]> => {
    const listed = await docker('ps', '-aq', '--filter', `label=com.docker.compose.project=${project}`);
    const ids = listed.split('\n').filter((id) => id !== '');
    if (ids.length === 0) return [];
    const all = (JSON.parse(await docker('inspect', ...ids)) as Inspected[]).map(toContainer);
    return service === undefined ? all : all.filter((each) => each.service === service);
  };
  return {
    url: `http://localhost:${port}`,
    compose,
    exec: (container, script) => docker('exec', container, 'bash', '-c', script),
    containers,
    async until(what, limitMs, holds) {
      const end = performance.now() + limitMs;
      for (;;) {
        const found = await containers();
        if (holds(found)) return found;
        if (performance.now() > end)
          throw new Error(`not within ${limitMs / 1000} s: ${what}; there is ${JSON.stringify(found)}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    token: async ({ user }) =>
      (
        await compose('exec', '-T', 'chat-ingress', 'node', 'deploy/access.ts', 'token', '--user', user)
      ).trim(),
    async remove() {
      await compose('down', '--volumes', '--remove-orphans', '--timeout', '20');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
