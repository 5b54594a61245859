// Tokens and sign-in links of a Docker Compose stack. Runs inside chat-ingress, with that service's settings; called by
// deploy/compose-token and deploy/compose-sign-in.
import { parseArgs } from 'node:util';
import { createAdminLink, issueAccessToken } from '../packages/devstack/src/admin-access.ts';
import type { TokenType } from '../packages/devstack/src/admin-access.ts';
import { loadIngressConfig, readEnvironment } from '../services/chat-ingress/src/env.ts';

const TYPES: readonly TokenType[] = ['registered', 'paid', 'privileged'];

const config = loadIngressConfig(readEnvironment());
const access = {
  tenant: config.tenant,
  project: config.project,
  redisUrl: config.redisUrl,
  databaseUrl: config.databaseUrl,
  masterKey: config.switchyardMasterKey.reveal(),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { user: { type: 'string', default: 'dev' }, type: { type: 'string', default: 'registered' } },
});

const answer = async (): Promise<string> => {
  if (positionals[0] === 'sign-in') return createAdminLink(access, config.publicUrl);
  const type = TYPES.find((each) => each === values.type);
  if (type === undefined) throw new Error(`--type is one of ${TYPES.join(', ')}`);
  return issueAccessToken(access, { user: values.user, type });
};

process.stdout.write(`${await answer()}\n`);
