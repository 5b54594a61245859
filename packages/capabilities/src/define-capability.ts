import { PlatformError } from '@switchyard/kernel';
import { CAPABILITY_CATALOG } from '@switchyard/protocol';
import type { CapabilityHandlers, CapabilityMethodSpec, CapabilityName } from '@switchyard/protocol';
import type { Capability, CapabilityCaller, CapabilityMethod } from './capability.ts';

/**
 * An implementation of a capability of the catalog. Arguments come to it as the catalog's schemas give them; what they refuse is answered
 * with INVALID_REQUEST and the place.
 */
export function defineCapability<N extends CapabilityName>(
  name: N,
  handlers: CapabilityHandlers<N, CapabilityCaller>,
): Capability {
  const specs: Readonly<Record<string, CapabilityMethodSpec>> = CAPABILITY_CATALOG[name].methods;
  const methods = Object.entries(specs).map(([method, { args }]): [string, CapabilityMethod] => {
    // The catalog's tuple is the handler's own parameters, which the compiler cannot follow through a name that is not known yet.
    const handler = handlers[method as keyof typeof handlers] as (
      caller: CapabilityCaller,
      ...given: unknown[]
    ) => Promise<unknown>;
    return [
      method,
      async (caller, given) => {
        const checked = args.safeParse(given);
        if (checked.success) return handler(caller, ...checked.data);
        const [issue] = checked.error.issues;
        throw PlatformError.of(
          'INVALID_REQUEST',
          `Wrong arguments of ${name}.${method}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
        );
      },
    ];
  });
  return { name, methods: Object.fromEntries(methods) };
}
