import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { postJson } from '../src/post-json.ts';
import type { ServiceProcess, ServiceProcesses } from '../src/service-processes.ts';
import { codeOf } from './bundle-code.ts';

const BUNDLE_ID = 'switched';

/** A bundle whose folder is registered with a running worker, again and again. */
export interface SwitchedBundle {
  readonly id: string;
  /** Milliseconds from the request of an admin to the answer that the version serves. */
  switchTo(label: string): Promise<number>;
  /** Has the worker watch the folder; for a worker of NODE_ENV=development. */
  watch(label: string): Promise<void>;
  save(label: string): Promise<void>;
  /** The version that answers now, by an operation. */
  label(): Promise<string>;
}

export async function openSwitchedBundle(
  parts: { services: ServiceProcesses; proc: ServiceProcess; token: string; dir: string },
  shape: { words: number; wordMs: number },
): Promise<SwitchedBundle> {
  const { services, proc, token, dir } = parts;
  const source = path.join(dir, BUNDLE_ID);
  await mkdir(source, { recursive: true });
  const headers = { authorization: `Bearer ${token}` };
  const operation = `${proc.url}/api/integrations/bundles/${services.tenant}/${services.project}/${BUNDLE_ID}/operations/label`;
  const save = (label: string) => writeFile(path.join(source, 'bundle.ts'), codeOf(label, shape));
  const register = async (watch: boolean): Promise<number> => {
    const startedAt = performance.now();
    const body = { op: 'merge', bundles: { [BUNDLE_ID]: { path: source, watch } } };
    const answer = await postJson(`${proc.url}/admin/integrations/bundles`, headers, body);
    const ms = performance.now() - startedAt;
    if (!answer.body.includes('"status":"ok"')) throw new Error(answer.body);
    return ms;
  };
  return {
    id: BUNDLE_ID,
    save,
    async switchTo(label) {
      await save(label);
      return register(false);
    },
    async watch(label) {
      await save(label);
      await register(true);
    },
    async label() {
      const { body } = await postJson(operation, headers, {});
      return (JSON.parse(body) as { label?: string }).label ?? body;
    },
  };
}
