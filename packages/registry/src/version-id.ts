import { isId } from '@switchyard/protocol';
import { PlatformError } from '@switchyard/kernel';

/** 64 bits of the content hash name a version among those of one bundle; the whole hash is in its row and is compared. */
const SHA_CHARACTERS = 16;
const MAX_REF = 40;

/**
 * `{bundle_id}__{ref}__{sha}`: a folder name, a host's key and a row's key.
 *
 * @param sha SHA-256 over the content, 64 hex characters
 */
export function versionIdOf(bundleId: string, ref: string, sha: string): string {
  if (!isId(bundleId))
    throw PlatformError.of('UNPROCESSABLE', `"${String(bundleId)}" cannot be the id of a bundle.`);
  return `${bundleId}__${cleanRef(ref)}__${sha.slice(0, SHA_CHARACTERS)}`;
}

/** A git ref or a word like `builtin` as a part of a file name: `feature/x` -> `feature-x`. */
export function cleanRef(ref: string): string {
  const clean = ref
    .replaceAll(/[^A-Za-z0-9.-]+/gu, '-')
    .replaceAll(/^[-.]+|[-.]+$/gu, '')
    .slice(0, MAX_REF);
  return clean === '' ? 'none' : clean;
}
