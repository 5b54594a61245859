import { idSchema } from '@switchyard/protocol';
import { z } from 'zod';

/** Where a secret belongs (07): a bundle's own, a user's for a bundle, or the platform's. */
export type SecretName =
  | { kind: 'bundles'; tenant: string; project: string; bundle: string; key: string }
  | { kind: 'users'; tenant: string; project: string; user: string; bundle: string; key: string }
  | { kind: 'platform'; key: string };

/** The folder of a name: all but its key. */
export type SecretFolder =
  | Omit<Extract<SecretName, { kind: 'bundles' }>, 'key'>
  | Omit<Extract<SecretName, { kind: 'users' }>, 'key'>
  | { kind: 'platform' };

const scope = { tenant: idSchema, project: idSchema };

/** The path below `/v1` of each kind, and its parameters. A `user` that is no id enters as a hash. */
export const FOLDERS = {
  bundles: { path: '/bundles/:tenant/:project/:bundle', params: z.object({ ...scope, bundle: idSchema }) },
  users: {
    path: '/users/:tenant/:project/:user/:bundle',
    params: z.object({ ...scope, user: idSchema, bundle: idSchema }),
  },
  platform: { path: '/platform', params: z.object({}) },
} as const;

/** `bundles/demo/main/hello`: ids hold no slash, so different folders never spell the same. */
export function spellFolder(folder: SecretFolder): string {
  switch (folder.kind) {
    case 'bundles':
      return [folder.kind, folder.tenant, folder.project, folder.bundle].join('/');
    case 'users':
      return [folder.kind, folder.tenant, folder.project, folder.user, folder.bundle].join('/');
    case 'platform':
      return folder.kind;
  }
}
