import { PlatformError } from '@switchyard/kernel';
import { findCapabilityMethod } from '@switchyard/protocol';
import type { Capability, CapabilityCaller } from './capability.ts';

export interface CapabilityCall {
  target: string;
  method: string;
  args: readonly unknown[];
}

/** Does for bundles what they asked for in their manifest, and nothing else. */
export interface Capabilities {
  /**
   * Rejects CAPABILITY_DENIED when the bundle was not granted the target, or when there is no such target or method;
   * INVALID_REQUEST when the arguments do not fit.
   *
   * @param granted the capabilities of the bundle's manifest
   */
  call(caller: CapabilityCaller, granted: readonly string[], call: CapabilityCall): Promise<unknown>;
  /** By the catalog; what is not in it counts as one. */
  hasSideEffects(call: Pick<CapabilityCall, 'target' | 'method'>): boolean;
  /** The names that a manifest may ask for. */
  readonly names: readonly string[];
}

export function createCapabilities(capabilities: readonly Capability[]): Capabilities {
  const byName = new Map(capabilities.map((capability) => [capability.name, capability]));
  return {
    names: [...byName.keys()],
    hasSideEffects: ({ target, method }) => findCapabilityMethod(target, method)?.hasSideEffects !== false,
    async call(caller, granted, { target, method, args }) {
      const capability = granted.includes(target) ? byName.get(target) : undefined;
      const found =
        capability !== undefined && Object.hasOwn(capability.methods, method)
          ? capability.methods[method]
          : undefined;
      if (found === undefined) {
        throw PlatformError.of('CAPABILITY_DENIED', `The bundle was not granted ${target}.${method}.`, {
          details: { target, method },
        });
      }
      return found(caller, args);
    },
  };
}
