import type { BundleManifest } from '@switchyard/protocol';
import { z } from 'zod';

type Props = Readonly<Record<string, unknown>>;

export interface FittedProps {
  /** What of the override this version is given. */
  applied: Record<string, unknown>;
  /** Names that were set and that this version does not know, or not so. They are kept for a version that does. */
  notApplied: string[];
  /** Why not, one line a name. */
  problems: { name: string; message: string }[];
}

/** What of an override fits a version's schema. Pure; the same override fits differently after a switch. */
export function fitProps(
  override: Props,
  manifest: Pick<BundleManifest, 'props' | 'propDefaults'>,
): FittedProps {
  const problems: FittedProps['problems'] = [];
  const applied: Record<string, unknown> = { ...override };
  const drop = (name: string, message: string): void => {
    delete applied[name];
    problems.push({ name, message });
  };
  const known = knownNames(manifest);
  for (const name of Object.keys(override)) if (!known.has(name)) drop(name, 'there is no such prop');
  const schema = manifest.props === undefined ? undefined : z.fromJSONSchema(manifest.props);
  // One by one is not enough where a schema compares props: what is named wrong goes, until the rest fits.
  for (let round = Object.keys(applied).length; schema !== undefined && round > 0; round -= 1) {
    const checked = schema.safeParse({ ...manifest.propDefaults, ...applied });
    if (checked.success) break;
    const wrong = checked.error.issues.filter(({ path }) => Object.hasOwn(applied, String(path[0])));
    for (const { path, message } of wrong)
      if (Object.hasOwn(applied, String(path[0]))) drop(String(path[0]), `${path.join('.')}: ${message}`);
    if (wrong.length > 0) continue;
    for (const name of Object.keys(applied)) drop(name, checked.error.issues[0]?.message ?? 'does not fit');
  }
  return { applied, notApplied: problems.map(({ name }) => name).toSorted(), problems };
}

function knownNames({
  props,
  propDefaults,
}: Pick<BundleManifest, 'props' | 'propDefaults'>): ReadonlySet<string> {
  const properties = props?.['properties'];
  const declared = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return new Set([...declared, ...Object.keys(propDefaults ?? {})]);
}
