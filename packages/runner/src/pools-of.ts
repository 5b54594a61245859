import type { BundleManifest } from '@switchyard/protocol';
import type { PoolName } from './invocation.ts';

type Declared = Pick<
  BundleManifest,
  'hasTurns' | 'operations' | 'mcp' | 'hasWeb' | 'channels' | 'jobs' | 'schedules' | 'predict'
>;

/** Pools that a bundle can be asked for by what it declares: for the others nothing has to be kept free. */
export function poolsOf(manifest: Declared): PoolName[] {
  const hasAny = (parts: object) => Object.keys(parts).length > 0;
  const answers: Readonly<Record<PoolName, boolean>> = {
    turn: manifest.hasTurns,
    operation: hasAny(manifest.operations) || manifest.mcp !== undefined,
    web: manifest.hasWeb || hasAny(manifest.channels),
    job: hasAny(manifest.jobs) || hasAny(manifest.schedules),
    predict: manifest.predict !== undefined,
  };
  return (Object.keys(answers) as PoolName[]).filter((pool) => answers[pool]);
}
