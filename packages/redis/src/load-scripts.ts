import { createHash } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import { isConnectionLost } from './redis-connection.ts';
import { toRedisError } from './redis-error.ts';
import type { RedisConnection } from './redis-connection.ts';
import { readScriptSources } from './script-source.ts';
import type { ScriptSource } from './script-source.ts';

export type ScriptValue = string | number;
/** Arguments by name, as the script's header lists them; only the last may be a list. */
export type ScriptArguments = Readonly<Record<string, ScriptValue | readonly ScriptValue[]>>;

export interface ScriptCall {
  /** What the script may ask about a server: its own connection's run_id is put in for `run_id` when the header names it. */
  readonly connection: RedisConnection;
  readonly prefix: string;
  /** How long to wait for a connection, and whether to ask again when it broke: only for scripts that may be repeated. */
  readonly limitMs?: number;
  readonly isRepeatable?: boolean;
}

export type ScriptRunner<Arguments extends object, Reply> = (
  call: ScriptCall,
  args: Arguments,
) => Promise<Reply>;

export interface ScriptLibrary {
  readonly names: readonly string[];
  /** A typed function for one script; `decode` turns the raw reply into something with names. */
  define<Arguments extends object, Reply>(
    name: string,
    decode: (reply: unknown) => Reply,
  ): ScriptRunner<Arguments, Reply>;
}

const DEFAULT_LIMIT_MS = 3000;

/** Loads the scripts of a folder (an absolute path). Nothing is sent to Redis until the first call. */
export function loadScripts(dir: string): ScriptLibrary {
  const scripts = new Map(readScriptSources(dir).map((source) => [source.name, withSha(source)]));
  return {
    names: [...scripts.keys()],
    define: (name, decode) => {
      const script = scripts.get(name);
      if (script === undefined) throw new Error(`no script ${name}.lua in ${dir}`);
      return async (call, args) => decode(await runScript(script, call, args as ScriptArguments));
    },
  };
}

interface Script extends ScriptSource {
  readonly sha: string;
}

function withSha(source: ScriptSource): Script {
  return { ...source, sha: createHash('sha1').update(source.text).digest('hex') };
}

async function runScript(script: Script, call: ScriptCall, args: ScriptArguments): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    if (!call.connection.isReady()) await call.connection.ready(call.limitMs ?? DEFAULT_LIMIT_MS);
    try {
      // run_id is read in the same tick in which the command is written: never that of a former server.
      return await send(script, call.connection, [
        call.prefix,
        ...encode(script, call.connection.runId(), args),
      ]);
    } catch (error) {
      if (!isConnectionLost(error)) throw toRedisError(error);
      if (call.isRepeatable !== true || attempt === 3)
        throw PlatformError.of('UNAVAILABLE', 'redis went away', { cause: error });
    }
  }
}

async function send(script: Script, connection: RedisConnection, words: ScriptValue[]): Promise<unknown> {
  try {
    return await connection.driver.evalsha(script.sha, 1, ...words);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    // A new server, or SCRIPT FLUSH: EVAL runs it and keeps it for the next time.
    return await connection.driver.eval(script.text, 1, ...words);
  }
}

function encode(script: Script, runId: string, args: ScriptArguments): ScriptValue[] {
  const words: ScriptValue[] = [];
  for (const name of script.argv) {
    const value =
      name === 'run_id' ? (args['run_id'] ?? runId) : args[name.endsWith('...') ? name.slice(0, -3) : name];
    if (value === undefined) throw new TypeError(`script ${script.name}: argument ${name} is missing`);
    if (typeof value === 'object') words.push(...value);
    else words.push(value);
  }
  return words;
}
