import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StackFixture } from '@switchyard/testkit';

const BUNDLE_ID = 'switched';
export const WORDS = 6;
const WORD_MS = 700;

/** Says its version in each of its words, with pauses that switches fall into. A broken one would say so too, if it ever served. */
const codeOf = (label: string, { isBroken = false } = {}): string => `
import { defineBundle } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: '${BUNDLE_ID}', name: '${label}', limits: { concurrency: 256 },
  onLoad() { if (${isBroken}) throw new Error('${label} has no heart'); },
  async executeCore(turn) {
    for (let word = 0; word < ${WORDS}; word += 1) {
      if (word > 0) await new Promise((resolve) => setTimeout(resolve, ${WORD_MS}));
      await turn.delta('${label} ');
    }
  },
});
`;

export interface Registered {
  readonly status: string;
  readonly version?: string;
  readonly error?: string;
}

/**
 * A bundle whose versions are switched by an admin, and what may answer when. Versions come into `history` when their switch is asked for,
 * and count as serving when the administration has said so.
 */
export interface SwitchedBundle extends AsyncDisposable {
  readonly id: string;
  /** Labels in the order in which they were to serve; a rollback brings one a second time. */
  readonly history: readonly string[];
  /** Place in `history` of the last one that was acknowledged. */
  readonly serving: number;
  switchTo(label: string): Promise<void>;
  /** Registers one that cannot load, and answers what the admin is told. */
  tryBroken(label: string): Promise<Registered>;
  rollBackTo(label: string): Promise<void>;
  /** What the list of bundles says of it. */
  view(): Promise<Record<string, unknown> | undefined>;
}

export const openSwitchedBundle = async (stack: StackFixture): Promise<SwitchedBundle> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-switched-'));
  const source = join(dir, BUNDLE_ID);
  await mkdir(source);
  const token = await stack.token({ user: 'root', type: 'privileged' });
  const versions = new Map<string, string>();
  const history: string[] = [];
  let serving = -1;

  const ask = async (path: string, json?: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(`${stack.url}/admin/integrations/bundles${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const register = async (code: string): Promise<Registered> => {
    await writeFile(join(source, 'bundle.ts'), code);
    const { bundles } = await ask('', { op: 'merge', bundles: { [BUNDLE_ID]: { path: source } } });
    const told = (bundles as Record<string, Registered>)[BUNDLE_ID];
    if (told === undefined) throw new Error('nothing was said of the bundle');
    return told;
  };

  return {
    id: BUNDLE_ID,
    history,
    get serving() {
      return serving;
    },
    async switchTo(label) {
      history.push(label);
      const { status, version = '', error } = await register(codeOf(label));
      if (status !== 'ok') throw new Error(`${label}: ${error}`);
      versions.set(label, version);
      serving = history.length - 1;
    },
    tryBroken: (label) => register(codeOf(label, { isBroken: true })),
    async rollBackTo(label) {
      history.push(label);
      await ask(`/${BUNDLE_ID}/rollback`, { version: versions.get(label) });
      serving = history.length - 1;
    },
    async view() {
      const { bundles } = await ask('');
      return (bundles as Record<string, unknown>[]).find((bundle) => bundle['bundle_id'] === BUNDLE_ID);
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};
