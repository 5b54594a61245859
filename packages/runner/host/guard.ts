import nodeModule, { builtinModules, registerHooks, syncBuiltinESMExports } from 'node:module';
import type { ResolveFnOutput, ResolveHookContext } from 'node:module';
import os from 'node:os';
import type { HostBoot } from './messages.ts';

/**
 * The second wall, inside the process, for what Node's permission model leaves open (measured on 26.10): `node:sqlite` reads and
 * writes any file, `process.kill` reaches proc, `_debugProcess` opens an inspector elsewhere. A list of what is allowed, so
 * that a builtin which a later Node brings is refused until somebody looked at it.
 */
const ALLOWED_BUILTINS = [
  'assert',
  'assert/strict',
  'async_hooks',
  'buffer',
  'console',
  'constants',
  'crypto',
  'diagnostics_channel',
  'events',
  'fs',
  'fs/promises',
  'module',
  'os',
  'path',
  'path/posix',
  'path/win32',
  'perf_hooks',
  'process',
  'punycode',
  'querystring',
  'readline',
  'readline/promises',
  'stream',
  'stream/consumers',
  'stream/promises',
  'stream/web',
  'string_decoder',
  'timers',
  'timers/promises',
  'tty',
  'url',
  'util',
  'util/types',
  'zlib',
];

/** What of `process` reaches out of the process, changes who it is, or hands out builtins and handles past the hooks. */
const REMOVED_FROM_PROCESS = [
  'kill',
  '_kill',
  'execve',
  'dlopen',
  'binding',
  '_linkedBinding',
  'getBuiltinModule',
  'loadEnvFile',
  '_debugProcess',
  '_debugEnd',
  'setuid',
  'setgid',
  'seteuid',
  'setegid',
  'setgroups',
  'initgroups',
  'chdir',
  'umask',
  'report',
  'openStdin',
  'mainModule',
  '_getActiveHandles',
  '_getActiveRequests',
  '_startProfilerIdleNotifier',
  '_stopProfilerIdleNotifier',
  '_preload_modules',
];

/** `Module.registerHooks` could put hooks before ours; the others reach the loader or the disk past them. */
const REMOVED_FROM_MODULE = [
  'registerHooks',
  'register',
  'runMain',
  '_preloadModules',
  'enableCompileCache',
  'flushCompileCache',
];

/** Lookups on this have no method that a bundle could replace, unlike `Set.prototype.has`. */
type Table = Readonly<Record<string, true>>;

function createTable(names: readonly string[]): Table {
  const table = Object.create(null) as Record<string, true>;
  for (const name of names) {
    table[name] = true;
    table[`node:${name}`] = true;
  }
  return Object.freeze(table);
}

export class DeniedModuleError extends Error {
  readonly code = 'ERR_BUNDLE_MODULE_DENIED';
  constructor(name: string) {
    super(`"${name}" is not available to a bundle`);
  }
}

/** Maps the SDK to the platform's copy and, when `guarded`, refuses what a bundle may not have. Call once, before its code loads. */
export function installGuard(boot: Pick<HostBoot, 'sdkUrl' | 'zodHome' | 'zodUrls' | 'guarded'>): void {
  const { sdkUrl, guarded } = boot;
  const allowed = createTable(ALLOWED_BUILTINS);
  const builtins = createTable(builtinModules.map((name) => name.replace(/^node:/, '')));
  const isDenied = (name: string) =>
    // Character by index: a bundle cannot replace that. Covers builtins that are not in `builtinModules`.
    guarded &&
    !allowed[name] &&
    (builtins[name] ||
      (name[0] === 'n' && name[1] === 'o' && name[2] === 'd' && name[3] === 'e' && name[4] === ':'));
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === '@switchyard/bundle-sdk') return { url: sdkUrl, shortCircuit: true };
      if (isDenied(specifier)) throw new DeniedModuleError(specifier);
      const found = isZod(specifier)
        ? resolveZod(specifier, context, nextResolve, boot)
        : resolveOther(specifier, context, nextResolve);
      if (isDenied(found.url)) throw new DeniedModuleError(found.url);
      return found;
    },
    load(url, context, nextLoad) {
      if (isDenied(url)) throw new DeniedModuleError(url);
      return nextLoad(url, context);
    },
  });
  if (guarded) removeReach();
}

const isZod = (specifier: string) => specifier === 'zod' || specifier.slice(0, 4) === 'zod/';

type Resolve = (specifier: string, context: ResolveHookContext) => ResolveFnOutput;

export class MissingPackageError extends Error {
  readonly code = 'ERR_BUNDLE_PACKAGE_MISSING';
  constructor(name: string) {
    super(`the package "${name}" is not in the bundle`);
  }
}

/** A package that is not there is looked for above the version's folder, where the sandbox says no: the author is told what it means. */
function resolveOther(specifier: string, context: ResolveHookContext, nextResolve: Resolve): ResolveFnOutput {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    const isPackage = specifier[0] !== '.' && specifier[0] !== '/' && !URL.canParse(specifier);
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (isPackage && code === 'ERR_ACCESS_DENIED') throw new MissingPackageError(specifier);
    throw error;
  }
}

/** A bundle that brings its own zod gets it; one that does not, the SDK's: the very same, for a schema is to be known on both sides. */
function resolveZod(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: Resolve,
  { sdkUrl, zodHome, zodUrls }: Pick<HostBoot, 'sdkUrl' | 'zodHome' | 'zodUrls'>,
): ResolveFnOutput {
  let found: ResolveFnOutput | undefined;
  try {
    found = nextResolve(specifier, context);
  } catch {
    // Not in the bundle.
  }
  if (found !== undefined && (zodUrls === undefined || found.url.slice(0, zodHome.length) !== zodHome))
    return found;
  const url = zodUrls?.[specifier];
  return url === undefined
    ? nextResolve(specifier, { ...context, parentURL: sdkUrl })
    : { url, shortCircuit: true };
}

function removeReach(): void {
  for (const name of REMOVED_FROM_PROCESS) Reflect.deleteProperty(process, name);
  for (const name of REMOVED_FROM_MODULE) Reflect.deleteProperty(nodeModule, name);
  // Renices any process of the same user.
  Reflect.deleteProperty(os, 'setPriority');
  // Without it `import { kill } from 'node:process'` still finds the former value.
  syncBuiltinESMExports();
}
