import { PlatformError } from '@switchyard/kernel';
import { CAPABILITY_CATALOG } from '@switchyard/protocol';
import type { ServedBundle } from '@switchyard/registry';

type Prepare = (served: ServedBundle) => Promise<void>;

/**
 * The registry's `prepare` with a look at what the bundle asks for before it: a capability that there is not would be missed by its first
 * user. Types say so too, and nobody checks them on the way here.
 */
export function checkGrantsThen(prepare: Prepare): Prepare {
  return async (served) => {
    const unknown = served.manifest.capabilities.find((name) => !Object.hasOwn(CAPABILITY_CATALOG, name));
    if (unknown !== undefined)
      throw PlatformError.of(
        'UNPROCESSABLE',
        `There is no capability "${unknown}", only ${Object.keys(CAPABILITY_CATALOG).join(', ')}.`,
        { details: { field: 'capabilities' } },
      );
    await prepare(served);
  };
}
