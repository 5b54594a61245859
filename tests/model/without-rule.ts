import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScripts } from '@switchyard/redis';
import type { ScriptLibrary } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';

/** A piece of a script or of a statement, and what stands there without the rule. */
export interface Patch {
  /** `finish.lua`, `include/tell.lua`; or the name of a statement. */
  readonly of: string;
  readonly from: string;
  readonly to: string;
}
const SCRIPTS = fileURLToPath(new URL('../../packages/turns/src/scripts/', import.meta.url));

/** What every room may include. */
const SHARED = fileURLToPath(new URL('../../packages/redis/lua/', import.meta.url));

export const loadRealScripts = (): ScriptLibrary => loadScripts(SCRIPTS);

/** The scripts from a copy in which the rule is missing. */
export function loadPatchedScripts(patches: readonly Patch[]): ScriptLibrary {
  const dir = mkdtempSync(join(tmpdir(), 'switchyard-model-'));
  cpSync(SHARED, join(dir, 'include'), { recursive: true });
  cpSync(SCRIPTS, dir, { recursive: true });
  for (const { of: file, from, to } of patches) {
    const text = readFileSync(join(dir, file), 'utf8');
    writeFileSync(join(dir, file), patched(text, file, from, to));
  }
  const library = loadScripts(dir);
  rmSync(dir, { recursive: true });
  return library;
}

/** The statements with another text for some. */
export function patchStatements(sql: Sql, patches: readonly Patch[]): Sql {
  return {
    ...sql,
    query: (statement) => {
      const patch = patches.find(({ of: name }) => name === statement.name);
      if (patch === undefined) return sql.query(statement);
      const text = patched(statement.text, patch.of, patch.from, patch.to);
      return sql.query({ ...statement, name: `${patch.of}-patched`, text });
    },
  };
}

/** A rule that is written in another way than here is no longer dropped: that must fail, not pass. */
function patched(text: string, what: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${what} has no "${from}"`);
  return text.replace(from, to);
}
