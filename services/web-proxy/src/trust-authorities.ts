import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { readAuthorities } from '@switchyard/http';
import type { Scope } from '@switchyard/kernel';
import type { ProxyConfig } from './env.ts';

/** For every connection of this process: web-proxy speaks to the inside alone, so nobody of the outside need vouch for anything here. */
export const trustAuthorities = async (
  { internalCaFile: file }: Pick<ProxyConfig, 'internalCaFile'>,
  scope: Scope,
): Promise<void> => {
  if (file === '') return;
  const authorities = await readAuthorities('web-proxy', 'INTERNAL_CA_FILE', file);
  const former = getCACertificates('default');
  setDefaultCACertificates(authorities);
  scope.defer(() => setDefaultCACertificates(former));
};
