import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { SigningKeyRow, SigningKeys } from '@switchyard/store';
import { randomBytes } from './random-bytes.ts';
import type { DerivedKeys } from './derive-key.ts';
import { seal, unsealAny } from './seal.ts';

export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
  kid: string;
  alg: 'ES256';
  use: 'sig';
}

/** Our own signing keys: the newest that every process can know signs, every one that is not long retired verifies. */
export interface KeyRing {
  /** Makes the first key when there is none. Throws CONFIG when the master key is not the one that sealed it. */
  signingKey(): Promise<{ kid: string; privateKey: KeyObject }>;
  /** Undefined: a key of that id was never made, or is long retired. */
  verificationKey(kid: string): Promise<KeyObject | undefined>;
  /** The same of what was read lately, without waiting. Undefined: that has to be asked. */
  knownKey(kid: string): KeyObject | undefined;
  jwks(): Promise<{ keys: PublicJwk[] }>;
  /** A new key signs after `LEAD_MS` (other processes: `RELOAD_MS` later at most); the old ones go on verifying. */
  rotate(): Promise<string>;
}

export interface KeyRingParts {
  keys: SigningKeys;
  sealingKeys: DerivedKeys;
  clock: Clock;
  ids: Ids;
  /** How long a retired key verifies: the longest life of a token. */
  retiredForMs: number;
}

interface LoadedKeys {
  at: number;
  rows: SigningKeyRow[];
  publicKeys: Map<string, KeyObject>;
}

const RELOAD_MS = 5 * 60_000;
// An unknown kid may be a key that another process just made, or a forgery: look again, but not for every forgery.
const RELOAD_UNKNOWN_MS = 5_000;
// Known before used: when a key begins to sign, whoever last looked before it was made may look again.
const LEAD_MS = 2 * RELOAD_UNKNOWN_MS;

export function createKeyRing({ keys, sealingKeys, clock, ids, retiredForMs }: KeyRingParts): KeyRing {
  let loaded: LoadedKeys | undefined;
  let loading: Promise<LoadedKeys> | undefined;

  async function load(): Promise<LoadedKeys> {
    // Of the moment of asking: a key that is made while the answer is on its way is not in it.
    const at = clock.monotonic();
    // What a key signed just before its successor took over is good for its whole life.
    const rows = await keys.list(Math.ceil((retiredForMs + LEAD_MS + RELOAD_MS) / 1000));
    const publicKeys = new Map(rows.map((row) => [row.kid, toPublicKey(row)]));
    return (loaded = { at, rows, publicKeys });
  }

  const readWithin = (maxAgeMs: number): LoadedKeys | undefined =>
    loaded !== undefined && clock.monotonic() - loaded.at < maxAgeMs ? loaded : undefined;

  /** Many callers share one read; a read that fails is not kept. */
  async function read(maxAgeMs: number): Promise<LoadedKeys> {
    const known = readWithin(maxAgeMs);
    if (known !== undefined) return known;
    loading ??= load().finally(() => (loading = undefined));
    return loading;
  }

  async function make(): Promise<string> {
    const pair = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    const publicJwk = toPublicJwk(pair.publicKey);
    const plain = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
    const sealed = seal(sealingKeys.current, randomBytes(ids, 12), plain, publicJwk.kid);
    await keys.add({ kid: publicJwk.kid, sealed, publicJwk: { ...publicJwk } });
    return publicJwk.kid;
  }

  /** Of keys that are all too new the first: nobody has looked before there was one. Undefined without a key in use. */
  function signerOf({ at, rows }: LoadedKeys): SigningKeyRow | undefined {
    if (rows.every((row) => row.retired_at !== null)) return undefined;
    const sinceMs = clock.monotonic() - at;
    return rows.find((row) => row.age_ms + sinceMs >= LEAD_MS) ?? rows.at(-1);
  }

  async function signer(): Promise<SigningKeyRow> {
    const found = signerOf(await read(RELOAD_MS));
    if (found !== undefined) return found;
    const current = await keys.underLock(async () => {
      const existing = signerOf(await load());
      if (existing !== undefined) return existing;
      await make();
      return signerOf(await load());
    });
    if (current === undefined) throw PlatformError.of('INTERNAL', 'a signing key was made and is not there');
    return current;
  }

  return {
    async signingKey() {
      const row = await signer();
      const plain = unsealAny(sealingKeys.all, row.sealed, row.kid);
      if (plain === undefined) {
        throw PlatformError.of(
          'CONFIG',
          'SWITCHYARD_MASTER_KEY is not the one that sealed the signing keys in the database',
        );
      }
      return { kid: row.kid, privateKey: createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' }) };
    },
    async verificationKey(kid) {
      const known = (await read(RELOAD_MS)).publicKeys.get(kid);
      return known ?? (await read(RELOAD_UNKNOWN_MS)).publicKeys.get(kid);
    },
    knownKey: (kid) => readWithin(RELOAD_MS)?.publicKeys.get(kid),
    async jwks() {
      await signer();
      return { keys: (await read(RELOAD_MS)).rows.map((row) => row.public_jwk as unknown as PublicJwk) };
    },
    rotate: () =>
      keys.underLock(async () => {
        const kid = await make();
        await keys.retireOthers(kid);
        await load();
        return kid;
      }),
  };
}

function toPublicKey(row: SigningKeyRow): KeyObject {
  return createPublicKey({ key: row.public_jwk, format: 'jwk' });
}

/** The kid is the RFC 7638 thumbprint: it says which key it is, and needs no randomness. */
function toPublicJwk(key: KeyObject): PublicJwk {
  const { kty = '', crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
}
