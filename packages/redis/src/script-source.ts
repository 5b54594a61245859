import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEY_TABLE } from './keys.ts';

/** Includes that every room may use: `append-event`, `epoch`. */
const SHARED_DIR = fileURLToPath(new URL('../lua/', import.meta.url));

/** A script as Redis gets it: includes in place, ARGV named, key functions made from the key table. */
export interface ScriptSource {
  readonly name: string;
  readonly text: string;
  /** Names of ARGV in order; the last may end in `...`, then the rest of ARGV belongs to it. */
  readonly argv: readonly string[];
}

/**
 * Reads every `*.lua` of a folder. A file's header is its contract: the lines `--   name, name: what` under `-- ARGV` name the
 * arguments, and the script finds them as locals of these names (a list `name...` as `name_at`, the index of its first item in ARGV).
 * `-- @include x` is replaced by `x.lua` of the folder's `include/` or of this package's `lua/`, once.
 * `-- @finally f`, for includes: the function `f` of the include, a local that is there already, runs after the script, wherever it returns.
 * `K.<name>` are the keys of `keys.ts`: a string, or a function where the key has parts.
 */
export function readScriptSources(dir: string): ScriptSource[] {
  return readdirSync(dir)
    .filter((file) => file.endsWith('.lua'))
    .toSorted()
    .map((file) =>
      buildScriptSource(basename(file, '.lua'), readFileSync(join(dir, file), 'utf8'), [
        join(dir, 'include'),
        SHARED_DIR,
      ]),
    );
}

export function buildScriptSource(name: string, raw: string, includeDirs: readonly string[]): ScriptSource {
  const argv = readArgvNames(raw, name);
  const [shebang, body] = raw.startsWith('#!')
    ? [raw.slice(0, raw.indexOf('\n') + 1), raw.slice(raw.indexOf('\n') + 1)]
    : ['', raw];
  const resolved = resolveIncludes(body, includeDirs, new Set());
  return {
    name,
    argv,
    text: `${shebang}${namedArguments(argv)}${keyFunctions(resolved)}${withFinally(resolved)}`,
  };
}

/** A script that raises an error runs none of them, as it does nothing else either. */
function withFinally(body: string): string {
  const names = [...body.matchAll(/^-- @finally ([a-z_]+)$/gm)].map((match) => match[1] ?? '');
  if (names.length === 0) return body;
  const calls = names.map((each) => `${each}() `).join('');
  return `local ${names.join(', ')} local function script()\n${body}end\nlocal reply = script() ${calls}return reply\n`;
}

function readArgvNames(raw: string, name: string): string[] {
  const header = /^-- ARGV[^\n]*\n((?:--   [^\n]*\n)*)/m.exec(raw)?.[1];
  if (header === undefined) throw new Error(`script ${name} has no ARGV in its header`);
  const names = header
    .split('\n')
    .flatMap((line) => /^-- {3}([a-z_0-9., ]+):/.exec(line)?.[1]?.split(',') ?? [])
    .map((word) => word.trim());
  if (new Set(names).size !== names.length) throw new Error(`script ${name} names an argument twice`);
  return names;
}

function namedArguments(argv: readonly string[]): string {
  const lines = argv.map((word, index) =>
    word.endsWith('...')
      ? `local ${word.slice(0, -3)}_at = ${index + 1}`
      : `local ${word} = ARGV[${index + 1}]`,
  );
  return `${lines.join(' ')}\n`;
}

function resolveIncludes(body: string, dirs: readonly string[], done: Set<string>): string {
  return body.replace(/^-- @include ([a-z-]+)$/gm, (_line, name: string) => {
    if (done.has(name)) return '';
    done.add(name);
    return resolveIncludes(readInclude(name, dirs), dirs, done);
  });
}

function readInclude(name: string, dirs: readonly string[]): string {
  for (const dir of dirs) {
    try {
      return readFileSync(join(dir, `${name}.lua`), 'utf8');
    } catch {
      // not in this folder
    }
  }
  throw new Error(`no include ${name}.lua in ${dirs.join(' or ')}`);
}

/** Only the keys that the script names: a function costs a little each time the script runs. */
function keyFunctions(body: string): string {
  const used = new Set([...body.matchAll(/\bK\.([A-Za-z]+)/g)].map((match) => match[1] ?? ''));
  const lines = ['local P = KEYS[1] local K = {}'];
  for (const name of [...used].toSorted()) {
    const template = (KEY_TABLE as Readonly<Record<string, string>>)[name];
    if (template === undefined) throw new Error(`no key named ${name} in keys.ts`);
    lines.push(keyFunction(name, template));
  }
  return `${lines.join(' ')}\n`;
}

function keyFunction(name: string, template: string): string {
  const pieces = template.split(/<[^<>]+>/);
  if (pieces.length === 1) return `K.${name} = P .. ':${template}'`;
  const parts = pieces.slice(1).map((_piece, index) => `p${index}`);
  const tail = pieces.slice(1).map((piece, index) => ` .. p${index}${piece === '' ? '' : ` .. '${piece}'`}`);
  return `K.${name} = function(${parts.join(', ')}) return P .. ':${pieces[0] ?? ''}'${tail.join('')} end`;
}
