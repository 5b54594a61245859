import type { Request, Response } from 'express';
import { markAudited } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Log } from '@switchyard/telemetry';
import { decideAccess } from './decide-access.ts';
import type { Action, ServiceName } from './decide-access.ts';
import { READ_TOKEN_PREFIX } from './read-tokens.ts';
import type { ReadTokens } from './read-tokens.ts';
import { spellFolder } from './secret-name.ts';
import type { SecretFolder } from './secret-name.ts';

const BUNDLE_HEADER = 'x-bundle-id';

export interface GateParts {
  authenticate: (authorization: string | undefined) => ServiceName;
  readTokens: ReadTokens;
  scope: TenantProject;
  log: Log;
}

export interface SecretGate {
  /** Throws unless the caller may; writes who did what to which name, and never a value. `given` are the parameters of the path. */
  enter(req: Request, res: Response, action: Action, given: object): SecretFolder;
  /** To read one value: by a read token, or as chat-proc for the bundle that it names. */
  enterToRead(req: Request, res: Response, given: { key: string }): SecretFolder;
}

export function createSecretGate(
  kind: SecretFolder['kind'],
  { authenticate, readTokens, scope, log }: GateParts,
): SecretGate {
  const folderOf = (given: object): SecretFolder => ({ ...given, kind }) as SecretFolder;
  const note = (caller: string, req: Request, action: Action, given: object, verdict: string): void =>
    log.info('secret access', {
      caller,
      action,
      method: req.method,
      folder: spellFolder(folderOf(given)),
      key: keyOf(given),
      verdict,
    });
  const enter: SecretGate['enter'] = (req, res, action, given) => {
    const service = authenticate(req.get('authorization'));
    const folder = folderOf(given);
    const verdict = decideAccess({ service, action, folder, bundle: req.get(BUNDLE_HEADER), scope });
    note(service, req, action, given, verdict);
    markAudited(res);
    if (verdict === 'foreign-scope') throw PlatformError.of('FOREIGN_SCOPE');
    if (verdict === 'forbidden') throw PlatformError.of('FORBIDDEN');
    return folder;
  };
  return {
    enter,
    enterToRead(req, res, given) {
      const token = /^Bearer +(\S+)$/i.exec(req.get('authorization') ?? '')?.[1] ?? '';
      if (!token.startsWith(READ_TOKEN_PREFIX)) return enter(req, res, 'read', given);
      const folder = folderOf(given);
      const isGranted = readTokens.use(token, spellFolder(folder), given.key);
      note('read-token', req, 'read', given, isGranted ? 'allowed' : 'forbidden');
      // Used up, over and never there look the same.
      if (!isGranted) throw PlatformError.of('BAD_TOKEN');
      return folder;
    },
  };
}

function keyOf(given: object): string | undefined {
  return 'key' in given && typeof given.key === 'string' ? given.key : undefined;
}
