import { PlatformError } from '@switchyard/kernel';
import type { Capability, CapabilityCaller } from './capability.ts';
import { defineCapability } from './define-capability.ts';
import type { SecretMasks } from './secret-masks.ts';

/** In whose work a bundle asks, for the audit log. */
export interface SecretAsker {
  versionId: string;
  /** Undefined: the platform's own work, as a schedule. */
  userId: string | undefined;
}

export interface SecretReader {
  /** Undefined: nobody has set it. Rejects UNAVAILABLE when the values cannot be reached. */
  read(bundleId: string, name: string, asker?: SecretAsker): Promise<string | undefined>;
  /** Names that are set. */
  names(bundleId: string): Promise<readonly string[]>;
}

/** A bundle's own secrets, by the names of its manifest. What is handed out is masked from then on. */
export function createSecretsCapability(reader: SecretReader, masks: SecretMasks): Capability {
  return defineCapability('secrets', {
    async get(caller, name) {
      requireDeclared(caller, name);
      const value = await reader.read(caller.bundleId, name, {
        versionId: caller.versionId,
        userId: caller.user?.userId,
      });
      if (value === undefined)
        throw PlatformError.of('SECRET_MISSING', `The secret "${name}" is not set.`, { details: { name } });
      // Before the bundle has it: its first line may already say it.
      masks.learn(caller.bundleId, value);
      return value;
    },
    async has(caller, name) {
      requireDeclared(caller, name);
      return (await reader.names(caller.bundleId)).includes(name);
    },
  });
}

function requireDeclared({ secretNames = [] }: CapabilityCaller, name: string): void {
  if (!secretNames.includes(name))
    throw PlatformError.of('CAPABILITY_DENIED', `The bundle does not declare the secret "${name}".`);
}
