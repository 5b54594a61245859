import { SERVICE_NAMES } from '../service-catalog.ts';
import { readServiceSettings } from '../service-settings.ts';
import type { Arguments } from './arguments.ts';
import { paints } from './progress.ts';

const NAME_WIDTH = 30;
const FALLBACK_WIDTH = 16;

/** Prints name, default and meaning of every setting. */
export const config = async ({ root }: Arguments): Promise<number> => {
  for (const service of SERVICE_NAMES) {
    console.log(`\n${paints.bold(service)}`);
    for (const { name, fallback, about, isRequired } of await readServiceSettings(service, root)) {
      const value = isRequired
        ? paints.yellow('required'.padEnd(FALLBACK_WIDTH))
        : fallback.padEnd(FALLBACK_WIDTH);
      console.log(`  ${name.padEnd(NAME_WIDTH)} ${value} ${paints.dim(about)}`);
    }
  }
  console.log(
    '\nSettings are read from the environment of ./dev up. Ports, addresses and credentials it sets by itself.',
  );
  return 0;
};
