import type { SecretReader } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { Secret } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import { z } from 'zod';
import { createServiceAsker } from './ask-service.ts';

export interface SecretClientParts {
  /** Undefined: there is no secrets service, and nothing is set. */
  readonly url: string | undefined;
  readonly token: Secret | undefined;
  /** Who vouches for the service (PEM), and nobody else then; undefined: whom Node trusts. */
  readonly authorities?: readonly string[] | undefined;
  readonly scope: TenantProject;
}

/** A name that is set. Never its value. */
export interface SecretInfo {
  key: string;
  version: number;
  updated_at: string;
}

export interface SecretClient extends SecretReader {
  list(bundleId: string): Promise<SecretInfo[]>;
  set(bundleId: string, name: string, value: string): Promise<void>;
  /** False: it was not set. */
  unset(bundleId: string, name: string): Promise<boolean>;
}

/** Where a worker's settings say that the service is. */
export function secretsAt({
  secretsUrl,
  secretsToken,
}: {
  secretsUrl: string;
  secretsToken: Secret | undefined;
}) {
  return { url: secretsUrl === '' ? undefined : secretsUrl.replace(/\/$/u, ''), token: secretsToken };
}

const TIMEOUT_MS = 5_000;
const infoSchema = z.object({ key: z.string(), version: z.number(), updated_at: z.string() });
const listSchema = z.object({ items: z.array(infoSchema) });
const valueSchema = z.object({ value: z.string() });
const deletedSchema = z.object({ deleted: z.boolean() });

/** Bundles' secrets in the service that holds them. Every method rejects UNAVAILABLE when it does not answer. */
export function createSecretClient({ url, token, authorities, scope }: SecretClientParts): SecretClient {
  const askService = createServiceAsker(authorities);
  const ask = async (
    method: 'GET' | 'PUT' | 'DELETE',
    bundleId: string,
    name?: string,
    body?: unknown,
  ): Promise<unknown> => {
    if (url === undefined || token === undefined)
      throw PlatformError.of('UNAVAILABLE', 'No secrets service is configured.');
    const parts = [scope.tenant, scope.project, bundleId, ...(name === undefined ? [] : [name])];
    const address = `${url}/v1/bundles/${parts.map(encodeURIComponent).join('/')}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const question = {
      method,
      headers: {
        authorization: `Bearer ${token.reveal()}`,
        'x-bundle-id': bundleId,
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      },
      body: text,
      timeoutMs: TIMEOUT_MS,
    };
    const response = await askService(question, new URL(address)).catch((error: unknown) => {
      throw PlatformError.of('UNAVAILABLE', 'The secrets service does not answer.', { cause: error });
    });
    if (response.status >= 200 && response.status < 300) return response.json();
    if (response.status === 404) return undefined;
    if (response.status === 413) throw PlatformError.of('TOO_LARGE', 'The value of the secret is too large.');
    if (response.status === 400 || response.status === 422)
      throw PlatformError.of('UNPROCESSABLE', 'The secrets service refused the secret.');
    throw PlatformError.of('UNAVAILABLE', `The secrets service answers ${response.status}.`);
  };
  const list = async (bundleId: string): Promise<SecretInfo[]> =>
    url === undefined ? [] : listSchema.parse(await ask('GET', bundleId)).items;
  return {
    list,
    names: async (bundleId) => (await list(bundleId)).map(({ key }) => key),
    async read(bundleId, name) {
      const found = await ask('GET', bundleId, name);
      return found === undefined ? undefined : valueSchema.parse(found).value;
    },
    async set(bundleId, name, value) {
      await ask('PUT', bundleId, name, { value });
    },
    unset: async (bundleId, name) => deletedSchema.parse(await ask('DELETE', bundleId, name)).deleted,
  };
}
