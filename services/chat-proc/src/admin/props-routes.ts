import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { BundleManifest } from '@switchyard/protocol';
import type { Registry } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { Runner } from '@switchyard/runner';
import type { BundleProps } from '@switchyard/store';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import { fitProps } from '../props/fit-props.ts';
import type { PropsFollower } from '../props/follow-props.ts';

export interface PropsRouteParts {
  readonly guards: Guards;
  readonly audited: Audited;
  readonly registry: Pick<Registry, 'served' | 'reload'>;
  readonly runner: Pick<Runner, 'setProps'>;
  readonly props: Pick<BundleProps, 'find' | 'put'>;
  readonly follower: Pick<PropsFollower, 'forget'>;
}

const MAX_CHARACTERS = 256 * 1024;
const jsonObject = z.record(z.string(), z.unknown());
const params = z.object({ bundle: idSchema });
const changeSchema = z.strictObject({
  /** `merge`: these are set beside the others; null takes one back to its default. `replace`: these and no others. */
  op: z.enum(['merge', 'replace']).default('merge'),
  props: jsonObject,
  /** Only over this version of the override; 0: only where nothing was ever set. */
  if_version: z.number().int().nonnegative().optional(),
});
const answerSchema = z.object({
  bundle_id: z.string(),
  /** Of the override; one more with each change. */
  version: z.number().int(),
  schema: jsonObject.nullable(),
  defaults: jsonObject,
  override: jsonObject,
  /** What the bundle has: the defaults under what was applied of the override. */
  props: jsonObject,
  not_applied: z.array(z.object({ name: z.string(), message: z.string() })),
});
type Answer = z.output<typeof answerSchema>;
type Override = Readonly<Record<string, unknown>>;

/** Props of a bundle (03 §7): schema and values for a form, changes, and back to what the code says. */
export function createPropsRoutes(parts: PropsRouteParts): Route[] {
  const { guards, audited, props } = parts;
  const path = '/admin/integrations/bundles/:bundle/props';
  const shared = { tag: 'administration', guard: 'admin', params, answer: answerSchema } as const;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path,
      summary: 'Props of a bundle: schema, defaults, what was set and what it has',
      async handle({ params: { bundle }, req, res }) {
        await guards.admin(req, res);
        const row = await props.find(bundle);
        return viewOf(bundle, manifestOf(parts, bundle), row?.props ?? {}, row?.version ?? 0);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path,
      summary: 'Set props of a bundle',
      body: changeSchema,
      async handle({ params: { bundle }, body: { op, props: wanted, if_version: ifVersion }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'bundle.props', bundle, async () =>
          change(parts, bundle, caller.userId, ifVersion, (former) =>
            op === 'replace' ? wanted : merged(former, wanted),
          ),
        );
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${path}/reset-code`,
      summary: 'Take all props of a bundle back to what its code says',
      async handle({ params: { bundle }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'bundle.props.reset', bundle, async () =>
          change(parts, bundle, caller.userId, undefined, () => ({})),
        );
      },
    }),
  ];
}

/** Checked, tried on the hosts of this worker, stored, told to all. */
async function change(
  parts: PropsRouteParts,
  bundleId: string,
  userId: string,
  ifVersion: number | undefined,
  next: (former: Override) => Override,
) {
  const { props, runner, registry, follower } = parts;
  const manifest = manifestOf(parts, bundleId);
  const row = await props.find(bundleId);
  const former = row?.props ?? {};
  const version = row?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== version) throw changedMeanwhile();
  const wanted = next(former);
  if (JSON.stringify(wanted).length > MAX_CHARACTERS) throw PlatformError.of('TOO_LARGE');
  const { applied, problems } = fitProps(wanted, manifest);
  // What was left over from another version may stay as it is; what is set now has to fit.
  const wrong = problems.find(({ name }) => wanted[name] !== former[name]);
  if (wrong !== undefined)
    throw PlatformError.of('UNPROCESSABLE', `The prop "${wrong.name}" does not fit: ${wrong.message}.`, {
      details: { field: wrong.name },
    });
  follower.forget(bundleId);
  try {
    await runner.setProps(bundleId, applied);
    const stored = await props.put(bundleId, wanted, version, userId);
    if (stored === undefined) throw changedMeanwhile();
    await registry.reload();
    const answer = viewOf(bundleId, manifest, stored.props, stored.version);
    return { before: { props: former }, after: { props: wanted }, answer };
  } catch (error) {
    await runner.setProps(bundleId, fitProps(former, manifest).applied).catch(() => undefined);
    follower.forget(bundleId);
    if (!(error instanceof PlatformError) || error.code !== 'BUNDLE_ERROR') throw error;
    throw PlatformError.of('UNPROCESSABLE', `The bundle refuses these props: ${describeFailure(error)}`);
  }
}

function manifestOf({ registry }: PropsRouteParts, bundleId: string): BundleManifest {
  const served = registry.served(bundleId);
  if (served === undefined) throw PlatformError.of('NOT_FOUND');
  return served.manifest;
}

function merged(former: Override, wanted: Override): Override {
  const all = Object.entries({ ...former, ...wanted });
  return Object.fromEntries(all.filter(([name]) => wanted[name] !== null));
}

function viewOf(bundleId: string, manifest: BundleManifest, override: Override, version: number): Answer {
  const { applied, problems } = fitProps(override, manifest);
  const defaults = manifest.propDefaults ?? {};
  return {
    bundle_id: bundleId,
    version,
    schema: manifest.props ?? null,
    defaults,
    override: { ...override },
    props: { ...defaults, ...applied },
    not_applied: problems,
  };
}

function changedMeanwhile(): PlatformError {
  return PlatformError.of('CONFLICT', 'Somebody else changed the props meanwhile.');
}
