import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bubblewrap } from './bubblewrap.ts';
import { underLimits } from './host-command.ts';
import type { SandboxTools } from './host-command.ts';
import type { RunnerConfig } from './runner-config.ts';

const run = promisify(execFile);
const PROBE_MS = 5000;

type ProbeConfig = Pick<RunnerConfig, 'sandbox' | 'bwrapPath' | 'memoryMb' | 'rssHeadroomMb' | 'uid' | 'gid'>;

/**
 * What this machine can hold a host with: the very command lines of hosts, around `node --version`. `auto` takes bubblewrap where
 * it starts with all its namespaces (in many containers it may not), else the permission model. A level that was asked for by
 * name and does not start is an error, never less in silence.
 */
export async function probeSandbox(config: ProbeConfig, nodePath: string): Promise<SandboxTools> {
  const { sandbox: level, uid, gid } = config;
  const user = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  const starts = async ([command = '', ...args]: readonly string[]): Promise<boolean> => {
    try {
      await run(command, [...args, nodePath, '--version'], { timeout: PROBE_MS, env: {}, ...user });
      return true;
    } catch {
      return false;
    }
  };
  const hasUtilLinux = await starts(underLimits(config.memoryMb, config));
  if (level === 'permission' || level === 'none') return { level, hasUtilLinux };
  const hasBubblewrap = await starts(bubblewrap(config.bwrapPath, nodePath, []));
  if (level === 'bwrap' && !hasBubblewrap) {
    throw new Error('sandbox "bwrap" was asked for, but bubblewrap does not start here');
  }
  return { level: hasBubblewrap ? 'bwrap' : 'permission', hasUtilLinux };
}
