import { defineBundle } from '@switchyard/bundle-sdk';
import * as fs from 'node:fs';
import * as nodeModule from 'node:module';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
// Names that the compiler must not resolve: what a hostile author would write is not what typings describe.
const reach = process as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
const loader = nodeModule as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
const importBy = (name: string): Promise<unknown> => import(name);

function call(
  of: Record<string, ((...args: unknown[]) => unknown) | undefined>,
  name: string,
  ...args: unknown[]
): unknown {
  const found = of[name];
  if (found === undefined) throw new Error(`${name} was removed`);
  return found(...args);
}

/** A promise for the first of two events of a socket-like thing. */
function settle(
  thing: { on(event: string, listener: (value: unknown) => void): unknown },
  good: string,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    thing.on(good, resolve);
    thing.on('error', reject);
  });
}

type Outside = { file: string; parent: number; port: number; scratchDir: string };
type Attempts = Record<string, (outside: Outside) => unknown>;

const attempts: Attempts = {
  readPasswd: () => fs.readFileSync('/etc/passwd', 'utf8'),
  readOutside: ({ file }) => fs.readFileSync(file, 'utf8'),
  readOutsideByUrl: ({ file }) => importBy(`file://${file}`),
  readLink: ({ file }) => fs.readFileSync(`${import.meta.dirname}/../${file.split('/').pop()}`, 'utf8'),
  readEnvironOfParent: ({ parent }) => fs.readFileSync(`/proc/${parent}/environ`, 'utf8'),
  readByBuffer: () => fs.readFileSync(Buffer.from('/etc/passwd')),
  readByBytes: () => fs.readFileSync(new TextEncoder().encode('/etc/passwd') as Buffer),
  readByUrl: () => fs.readFileSync(new URL('file:///etc/passwd')),
  readByTraversal: () => fs.readFileSync(`${import.meta.dirname}/${'../'.repeat(20)}etc/passwd`),
  readByStream: () => settle(fs.createReadStream('/etc/passwd'), 'data'),
  readByBlob: async () => (await fs.openAsBlob('/etc/passwd')).text(),
  readByPromise: () => fs.promises.readFile('/etc/passwd'),
  readByCopy: () => fs.cpSync('/etc/passwd', `${import.meta.dirname}/copied.txt`),
  readByText: () => import('/etc/passwd' as string, { with: { type: 'text' } }),
  readByRequire: () => require('/etc/passwd') as unknown,
  readByOwnProcess: () => fs.readFileSync('/proc/self/environ'),
  readByDescriptor: () => fs.readFileSync('/proc/self/root/etc/passwd'),
  statOutside: () => fs.statSync('/etc/passwd'),
  globOutside: () => {
    if (fs.globSync('/etc/*').length === 0) throw new Error('nothing found');
  },
  linkOutside: () => fs.symlinkSync('/etc/passwd', `${import.meta.dirname}/link.txt`),
  watchOutside: () => fs.watch('/etc'),
  realpathOutside: () => fs.realpathSync.native('/etc/passwd'),
  sourceMap: () => {
    const found = call(loader, 'findSourceMap', '/etc/passwd');
    if (found === undefined) throw new Error('nothing found');
  },
  listRoot: () => fs.readdirSync('/'),
  linkFromScratch: ({ scratchDir }) => fs.symlinkSync('/etc/passwd', `${scratchDir}/link`),
  hardLinkFromScratch: ({ scratchDir, file }) => fs.linkSync(file, `${scratchDir}/hard`),
  hardLinkOfOwnCode: ({ scratchDir }) => fs.linkSync(import.meta.filename, `${scratchDir}/code.ts`),
  renameOutOfScratch: ({ scratchDir, file }) => {
    fs.writeFileSync(`${scratchDir}/a`, 'x');
    fs.renameSync(`${scratchDir}/a`, `${file}.renamed`);
  },
  addonFromScratch: ({ scratchDir }) => {
    fs.writeFileSync(`${scratchDir}/addon.node`, 'no addon');
    try {
      require(`${scratchDir}/addon.node`);
    } catch (error) {
      // The system's own linker speaks only when it was let in.
      if (!/ELF|too short|shared object/u.test((error as Error).message)) throw error;
    }
  },
  writeOtherHosts: ({ scratchDir }) => fs.writeFileSync(`${scratchDir}/../../../other`, 'x'),
  listOtherHosts: ({ scratchDir }) => fs.readdirSync(`${scratchDir}/../../..`),
  writeHere: () => fs.writeFileSync(`${import.meta.dirname}/written.txt`, 'x'),
  writeTmp: () => fs.writeFileSync('/tmp/switchyard-prober.txt', 'x'),
  connect: async ({ port }) =>
    settle(((await importBy('node:net')) as typeof import('node:net')).connect(port, '127.0.0.1'), 'connect'),
  fetch: ({ port }) => fetch(`http://127.0.0.1:${port}/`),
  webSocket: ({ port }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('refused')));
    }),
  spawn: async () =>
    ((await importBy('node:child_process')) as typeof import('node:child_process')).execSync('id'),
  worker: async () =>
    new ((await importBy('node:worker_threads')) as typeof import('node:worker_threads')).Worker('1', {
      eval: true,
    }),
  killParent: ({ parent }) => call(reach, 'kill', parent, 0),
  killParentByImport: async ({ parent }) =>
    ((await importBy('node:process')) as typeof process).kill(parent, 0),
  killParentByDefault: async ({ parent }) =>
    ((await importBy('node:process')) as { default: typeof process }).default.kill(parent, 0),
  killParentRaw: ({ parent }) => call(reach, '_kill', parent, 0),
  debugParent: ({ parent }) => call(reach, '_debugProcess', parent),
  renice: async ({ parent }) =>
    ((await importBy('node:os')) as typeof import('node:os')).setPriority(parent, 5),
  execve: () => call(reach, 'execve', '/bin/true', ['true'], {}),
  dlopen: () => call(reach, 'dlopen', { exports: {} }, '/lib/x86_64-linux-gnu/libm.so.6'),
  setuid: () => call(reach, 'setuid', 65_534),
  loadEnvFile: () => call(reach, 'loadEnvFile', '/etc/passwd'),
  binding: () => call(reach, 'binding', 'fs'),
  sqliteByImport: async () =>
    new ((await importBy('node:sqlite')) as typeof import('node:sqlite')).DatabaseSync(
      '/tmp/switchyard-prober.db',
    ),
  sqliteByRequire: () => require('node:sqlite') as unknown,
  sqliteByBuiltin: () => call(reach, 'getBuiltinModule', 'node:sqlite'),
  sqliteByLoader: () => call(loader, '_load', 'node:sqlite'),
  sqliteByModule: () =>
    call((module_() as { constructor: typeof loader }).constructor, '_load', 'node:sqlite'),
  sqliteByData: () => importBy('data:text/javascript,export * from "node:sqlite"'),
  sqliteByFunction: () => (new Function('return import("node:sqlite")') as () => unknown)(),
  sqliteByHooks: () => {
    call(loader, 'registerHooks', {
      resolve: () => ({ url: 'node:sqlite', format: 'builtin', shortCircuit: true }),
    });
    return importBy('anything');
  },
  sqliteByTampering: async () => {
    const { has } = Set.prototype;
    const { startsWith } = String.prototype;
    const { get } = Map.prototype;
    const { includes } = Array.prototype;
    try {
      Set.prototype.has = () => true;
      String.prototype.startsWith = () => false;
      Array.prototype.includes = () => true;
      Map.prototype.get = function (key: unknown) {
        return get.call(this, key) as unknown;
      };
      return await importBy('node:sqlite');
    } finally {
      Set.prototype.has = has;
      String.prototype.startsWith = startsWith;
      Map.prototype.get = get;
      Array.prototype.includes = includes;
    }
  },
  sqliteByDirectHook: () => call(loader, 'register', 'data:text/javascript,'),
  sqliteByCreateRequire: () => createRequire('file:///')('node:sqlite') as unknown,
  sqliteByUpperCase: () => importBy('node:SQLITE'),
  sqliteByQuery: () => importBy('node:sqlite?x'),
  sqliteByStorage: () => localStorage.setItem('a', 'b'),
  vm: () => importBy('node:vm'),
  v8: () => importBy('node:v8'),
  wasi: () => importBy('node:wasi'),
  inspector: () => importBy('node:inspector'),
  repl: () => importBy('node:repl'),
  testRunner: () => importBy('node:test'),
  http: () => importBy('http'),
  tls: () => importBy('tls'),
  dgram: () => importBy('dgram'),
  dns: () => importBy('dns/promises'),
  cluster: () => importBy('cluster'),
  ffi: () => importBy('node:ffi'),
  environment: () => {
    if (Object.keys(process.env).some((name) => name !== 'PWD')) return process.env;
    throw new Error('empty');
  },
};

function module_(): unknown {
  // A CommonJS module's own `module`, whose constructor is the loader itself.
  return (require('./own-module.cjs') as { module: unknown }).module;
}

/** Tries each way out and tells what came of it: `refused` with the reason, or `held nothing`. */
export default defineBundle({
  id: 'prober',
  name: 'Prober',
  async executeCore(turn) {
    const { scratchDir } = turn;
    const outside = { ...(JSON.parse(turn.message) as Omit<Outside, 'scratchDir'>), scratchDir };
    const outcome: Record<string, string> = {};
    for (const [name, attempt] of Object.entries(attempts)) {
      try {
        await attempt(outside);
        outcome[name] = 'POSSIBLE';
      } catch (error) {
        outcome[name] = `refused: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    return { outcome };
  },
});
