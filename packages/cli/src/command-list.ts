import type { CommandSpec } from './command-spec.ts';
import { audit } from './commands/audit.ts';
import { bundleLogs } from './commands/bundle-logs.ts';
import { bundleNew } from './commands/bundle-new.ts';
import { bundlePush } from './commands/bundle-push.ts';
import { bundleList, bundleRemove, bundleRollback, bundleVersions } from './commands/bundle-registry.ts';
import { bundleTest } from './commands/bundle-test.ts';
import { bundleWatch } from './commands/bundle-watch.ts';
import { chat } from './commands/chat.ts';
import { createCompletion } from './commands/completion.ts';
import { login, logout, profileList, profileUse, whoami } from './commands/login.ts';
import { opsCall, opsList } from './commands/ops.ts';
import { predictRun, predictSchema, predictServe } from './commands/predict.ts';
import { proceduresServe } from './commands/procedures.ts';
import { propsGet, propsReset, propsSet } from './commands/props.ts';
import { siteDeploy } from './commands/site-deploy.ts';
import { siteLogs } from './commands/site-logs.ts';
import { siteDeploys, siteList, siteRemove, siteRollback } from './commands/site-registry.ts';
import { secretsList, secretsPush, secretsRemove, secretsSet } from './commands/secrets.ts';

/** Every command, in the order of help and reference. */
export const COMMANDS: readonly CommandSpec[] = [
  login,
  logout,
  whoami,
  profileList,
  profileUse,
  bundleNew,
  bundleTest,
  bundlePush,
  bundleWatch,
  bundleList,
  bundleVersions,
  bundleRollback,
  bundleLogs,
  bundleRemove,
  propsGet,
  propsSet,
  propsReset,
  secretsList,
  secretsSet,
  secretsRemove,
  secretsPush,
  audit,
  opsList,
  opsCall,
  siteDeploy,
  siteList,
  siteDeploys,
  siteRollback,
  siteLogs,
  siteRemove,
  predictServe,
  predictSchema,
  predictRun,
  proceduresServe,
  chat,
  createCompletion(() => COMMANDS),
];
