import { Secret, secret } from '@switchyard/kernel';
import { z } from 'zod';

/** The key of the installation, and those that it had before, as long as they are named. */
export interface MasterKeys {
  /** Seals, signs and names whatever is new. */
  readonly current: Secret;
  /** Open and prove what was made before, and make nothing. */
  readonly former: readonly Secret[];
}

export const MIN_MASTER_CHARACTERS = 32;
const MAX_FORMER = 3;

/** One, or a few by commas. The message names no value. */
const formerKeys = z
  .string()
  .optional()
  .transform((text, context) => {
    const keys = (text ?? '').split(',').flatMap((part) => part.trim() || []);
    const isGood = keys.length <= MAX_FORMER && keys.every((key) => key.length >= MIN_MASTER_CHARACTERS);
    if (isGood) return keys.length === 0 ? undefined : keys.map((key) => new Secret(key));
    context.addIssue({
      code: 'custom',
      message: `expected at most ${MAX_FORMER} keys of at least ${MIN_MASTER_CHARACTERS} characters, by commas`,
    });
    return z.NEVER;
  });

/** For every service that derives something from the master key. */
export const masterKeySettings = {
  switchyardMasterKey: secret().describe(
    'Seals signing keys and masked tokens; at least 32 characters, the same for every service',
  ),
  switchyardMasterKeyFormer: formerKeys.describe(
    'Master keys from before, by commas (so that one with a comma in it cannot be named), the last one first: what they sealed and signed is taken as long as they are named, and made anew with the current one',
  ),
};

export function readMasterKeys(config: {
  readonly switchyardMasterKey: Secret;
  readonly switchyardMasterKeyFormer?: readonly Secret[] | undefined;
}): MasterKeys {
  return { current: config.switchyardMasterKey, former: config.switchyardMasterKeyFormer ?? [] };
}
