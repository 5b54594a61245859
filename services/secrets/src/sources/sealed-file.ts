import { readFile } from 'node:fs/promises';
import { PlatformError, unsealText } from '@switchyard/kernel';
import type { Secret } from '@switchyard/kernel';
import { secretDocumentSchema } from '@switchyard/protocol';
import type { SecretSource } from './secret-source.ts';

/** A file that `switchyard secrets set --file` made. One that is not there yet is an empty one. */
export function createSealedFile(file: string, passphrase: () => Promise<Secret>): SecretSource {
  return {
    name: `sealed file ${file}`,
    async load() {
      const sealed = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw PlatformError.of('CONFIG', `secrets: ${file} cannot be read (${error.code ?? 'unknown'})`);
      });
      if (sealed === undefined) return undefined;
      const text = await unsealText(sealed, await passphrase());
      let document: unknown;
      try {
        document = JSON.parse(text);
      } catch {
        document = undefined;
      }
      const parsed = secretDocumentSchema.safeParse(document);
      // Nothing of the reason: it would quote what is sealed.
      if (!parsed.success)
        throw PlatformError.of('CONFIG', `secrets: ${file} holds something else than secrets`);
      return parsed.data;
    },
  };
}
