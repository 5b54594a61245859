import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { Registry } from '@switchyard/registry';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { SecretClient } from '../secrets/secret-client.ts';

export interface SecretsRouteParts {
  readonly guards: Guards;
  readonly audited: Audited;
  readonly registry: Pick<Registry, 'served'>;
  readonly secrets: Pick<SecretClient, 'list' | 'set' | 'unset'>;
}

const MAX_CHARACTERS = 64 * 1024;
const params = z.object({ bundle: idSchema });
const changeSchema = z.strictObject({
  set: z.record(idSchema, z.string().min(1).max(MAX_CHARACTERS)).default({}),
  unset: z.array(idSchema).max(1000).default([]),
});
const answerSchema = z.object({
  bundle_id: z.string(),
  secrets: z.array(
    z.object({
      name: z.string(),
      is_set: z.boolean(),
      /** False: set, but the version that serves does not ask for it. */
      is_declared: z.boolean(),
      updated_at: z.string().optional(),
    }),
  ),
  missing: z.array(z.string()),
});

/** Secrets of a bundle (03 §7): write-only. Names come back, never values. */
export function createSecretsRoutes({ guards, audited, registry, secrets }: SecretsRouteParts): Route[] {
  const path = '/admin/integrations/bundles/:bundle/secrets';
  const shared = { tag: 'administration', guard: 'admin', path, params, answer: answerSchema } as const;
  const declaredBy = (bundleId: string): readonly string[] => {
    const served = registry.served(bundleId);
    if (served === undefined) throw PlatformError.of('NOT_FOUND');
    return served.manifest.secrets;
  };
  const view = async (bundleId: string): Promise<z.output<typeof answerSchema>> => {
    const declared = declaredBy(bundleId);
    const stored = new Map((await secrets.list(bundleId)).map((info) => [info.key, info]));
    const names = [...new Set([...declared, ...stored.keys()])].toSorted();
    const items = names.map((name) => {
      const info = stored.get(name);
      return {
        name,
        is_set: info !== undefined,
        is_declared: declared.includes(name),
        ...(info === undefined ? {} : { updated_at: info.updated_at }),
      };
    });
    return { bundle_id: bundleId, secrets: items, missing: declared.filter((name) => !stored.has(name)) };
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      summary: 'Which secrets a bundle asks for, and whether they are set',
      async handle({ params: { bundle }, req, res }) {
        await guards.admin(req, res);
        return view(bundle);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      summary: 'Set or forget secrets of a bundle',
      body: changeSchema,
      async handle({ params: { bundle }, body: { set, unset }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'bundle.secrets', bundle, async () => {
          const declared = declaredBy(bundle);
          const foreign = Object.keys(set).find((name) => !declared.includes(name));
          if (foreign !== undefined)
            throw PlatformError.of('UNPROCESSABLE', `The bundle does not declare the secret "${foreign}".`, {
              details: { field: foreign },
            });
          const before = await namesOf(bundle);
          for (const [name, value] of Object.entries(set)) await secrets.set(bundle, name, value);
          for (const name of unset) await secrets.unset(bundle, name);
          const changed = { set: Object.keys(set), unset };
          return { before: { names: before }, after: changed, answer: await view(bundle) };
        });
      },
    }),
  ];

  async function namesOf(bundleId: string): Promise<string[]> {
    return (await secrets.list(bundleId)).map(({ key }) => key);
  }
}
