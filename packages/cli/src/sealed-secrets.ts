import { chmod, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PlatformError, Secret, sealText, unsealText } from '@switchyard/kernel';
import { secretDocumentSchema } from '@switchyard/protocol';
import type { SecretDocument } from '@switchyard/protocol';
import { textOption } from './command-spec.ts';
import type { OptionValues } from './command-spec.ts';
import { UsageError } from './exit-codes.ts';
import { readSecretly } from './prompts.ts';
import type { World } from './world.ts';

export interface SealedSecrets {
  /** An empty one where there is no file yet. */
  read(): Promise<SecretDocument>;
  write(document: SecretDocument): Promise<void>;
}

export const KEY_FILE_OPTION = {
  flags: '--key-file <path>',
  description:
    'the file with the passphrase; when it is not given: SWITCHYARD_SEALED_KEY_FILE, SWITCHYARD_SEALED_KEY, or a question',
};

/** The sealed file at `file`. Its passphrase comes from a file or a terminal, and is asked for once. */
export function openSealedSecrets(
  file: string,
  { world, options, random }: { world: World; options: OptionValues; random: (count: number) => Uint8Array },
): SealedSecrets {
  const target = path.resolve(world.cwd, file);
  let passphrase: Promise<Secret> | undefined;
  const key = () => (passphrase ??= readPassphrase(world, options));
  return {
    async read() {
      const sealed = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (sealed === undefined) return secretDocumentSchema.parse({});
      const text = await unsealText(sealed, await key()).catch((error: unknown) => {
        throw error instanceof PlatformError ? new UsageError(`${file}: ${error.message}.`) : error;
      });
      return secretDocumentSchema.parse(JSON.parse(text));
    },
    async write(document) {
      // Beside and renamed: a half-written file would be one that nothing opens.
      const partial = `${target}.partial`;
      const sealed = await sealText(JSON.stringify(document), await key(), random);
      // As private as the one before it; a service under another account may have been let in.
      const mode = await stat(target).then(
        (found) => found.mode & 0o777,
        () => 0o600,
      );
      await writeFile(partial, sealed, { mode: 0o600 });
      await chmod(partial, mode);
      await rename(partial, target);
    },
  };
}

async function readPassphrase(world: World, options: OptionValues): Promise<Secret> {
  const { SWITCHYARD_SEALED_KEY: given = '', SWITCHYARD_SEALED_KEY_FILE: file = '' } = world.env;
  const named = textOption(options, 'keyFile') ?? file;
  if (named === '' && given !== '') return new Secret(given);
  if (named === '' && !world.stdin.isTTY)
    throw new UsageError('The sealed file needs its passphrase: name a file with --key-file.');
  const text =
    named === ''
      ? await readSecretly(world, 'Passphrase of the sealed file: ')
      : (await readFile(path.resolve(world.cwd, named), 'utf8')).replace(/\r?\n$/u, '');
  if (text === '') throw new UsageError('The passphrase is empty.');
  return new Secret(text);
}
