import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '@switchyard/devstack';

export interface Nginx {
  readonly port: number;
  stop(): Promise<void>;
}

const PLACES = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'];

/** What it does, in its own words. */
export interface NginxRules {
  /** Inside of `http`. */
  readonly http?: string;
  /** Inside of the one `server`. */
  readonly server: string;
}

/** One worker. Undefined: there is no nginx here. `NGINX_BINARY` names another place of it. */
export async function startNginx(
  workDir: string,
  { http = '', server }: NginxRules,
): Promise<Nginx | undefined> {
  const binary = [process.env['NGINX_BINARY'] ?? '', ...PLACES].find(
    (place) => place !== '' && existsSync(place),
  );
  if (binary === undefined) return undefined;
  const port = await freePort();
  await mkdir(workDir, { recursive: true });
  const file = path.join(workDir, 'nginx.conf');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${workDir}/${name};`)
    .join(' ');
  await writeFile(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${workDir}/pid; error_log ${workDir}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100; ${places}
${http} server { listen 127.0.0.1:${port}; ${server} } }`,
  );
  const child = spawn(binary, ['-c', file, '-p', workDir, '-e', path.join(workDir, 'error.log')], {
    stdio: 'inherit',
    env: {},
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let tries = 0; ; tries += 1) {
    if (
      await fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    )
      break;
    if (child.exitCode !== null || tries > 200) throw new Error('nginx did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
