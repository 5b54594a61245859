import { readFile } from 'node:fs/promises';
import { PlatformError, Secret } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Log } from '@switchyard/telemetry';
import type { SecretsConfig } from '../env.ts';
import type { SecretFolder } from '../secret-name.ts';
import type { SecretShelf } from '../secret-shelf.ts';
import { createMountedFiles } from './mounted-files.ts';
import { createSealedFile } from './sealed-file.ts';
import type { SecretSource } from './secret-source.ts';

/** The sources that the settings name, in the order in which they fill: a later one's value counts. */
export function sourcesOf(config: SecretsConfig): SecretSource[] {
  const { secretsMountedDir: dir, secretsSealedFile: file } = config;
  return [
    ...(dir === '' ? [] : [createMountedFiles(dir)]),
    ...(file === '' ? [] : [createSealedFile(file, () => passphraseOf(config))]),
  ];
}

async function passphraseOf({
  secretsSealedKey: key,
  secretsSealedKeyFile: file,
}: SecretsConfig): Promise<Secret> {
  if (key !== undefined) return key;
  if (file === '') throw PlatformError.of('CONFIG', 'secrets: the sealed file needs SECRETS_SEALED_KEY_FILE');
  const text = await readFile(file, 'utf8').catch(() => '');
  const passphrase = text.replace(/\r?\n$/u, '');
  if (passphrase === '') throw PlatformError.of('CONFIG', `secrets: ${file} holds no passphrase`);
  return new Secret(passphrase);
}

/** Fills the shelf before anybody can ask. Rejects CONFIG at the first source that cannot be read: half of the secrets would be none. */
export async function fillShelf(
  shelf: Pick<SecretShelf, 'put'>,
  sources: readonly SecretSource[],
  { tenant, project }: TenantProject,
  log: Log,
): Promise<void> {
  for (const source of sources) {
    const document = await source.load();
    if (document === undefined) {
      log.info('no secrets to fill in yet', { source: source.name });
      continue;
    }
    let count = 0;
    const put = (folder: SecretFolder, values: Readonly<Record<string, string>>): void => {
      for (const [key, value] of Object.entries(values)) {
        shelf.put(folder, key, value);
        count += 1;
      }
    };
    for (const [bundle, values] of Object.entries(document.bundles))
      put({ kind: 'bundles', tenant, project, bundle }, values);
    put({ kind: 'platform' }, document.platform);
    log.info('secrets were filled in', { source: source.name, count });
  }
}
