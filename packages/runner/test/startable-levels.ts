import { probeSandbox } from '../src/probe-sandbox.ts';
import { DEFAULT_RUNNER_CONFIG } from '../src/runner-config.ts';
import type { RunnerConfig } from '../src/runner-config.ts';
import { BWRAP } from './runner-fixture.ts';

type Level = Exclude<RunnerConfig['sandbox'], 'auto'>;

const best = (await probeSandbox({ ...DEFAULT_RUNNER_CONFIG, ...BWRAP }, process.execPath)).level;

/**
 * Those of the given levels that this machine can hold a host with. `./dev test` installs bubblewrap where it may; in a container
 * without namespaces it does not start all the same, and then the suites of that level are not there, which their names show.
 */
export function startable<L extends Level>(levels: readonly L[]): L[] {
  return levels.filter((level) => level !== 'bwrap' || best === 'bwrap');
}
