import { PlatformError } from '@switchyard/kernel';
import { CAPABILITY_CATALOG } from '@switchyard/protocol';
import type { CapabilityName } from '@switchyard/protocol';
import type { Capability } from './capability.ts';

/** A capability that this installation cannot give: every call of it rejects CAPABILITY_UNAVAILABLE. */
export function createUnavailableCapability(name: CapabilityName, reason: string): Capability {
  const refuse = async (): Promise<never> => {
    throw PlatformError.of('CAPABILITY_UNAVAILABLE', reason);
  };
  const methods = Object.keys(CAPABILITY_CATALOG[name].methods).map((method) => [method, refuse] as const);
  return { name, methods: Object.fromEntries(methods) };
}
