import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import type { Resources } from './store-view.ts';

/** Command lines of all processes of the machine, as far as they can be read. */
const commandLines = (): string[] => {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    });
};

/** Services and bundle hosts that run from one of these trees, by what they are; hosts run from the program in `hostsDir`, or from sources. */
export const listProcesses = (roots: readonly string[], hostsDir: string): string[] =>
  commandLines().flatMap((line) => {
    if (line.includes(`${hostsDir}/`)) return ['host'];
    for (const root of roots) {
      const service = line.includes(`${root}/services/`)
        ? /\/services\/([a-z-]+)\/src\//.exec(line)?.[1]
        : undefined;
      if (service !== undefined) return [service];
      if (line.includes(`${root}/packages/runner/host/main.ts`)) return ['host'];
    }
    return [];
  });

/** Pending timers of a service, from its own metrics. */
export const countTimers = async (port: number): Promise<number> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const found = /^nodejs_active_resources\{[^}]*type="Timeout"[^}]*\} (\d+)/m.exec(await response.text());
  return Number(found?.[1] ?? 0);
};

/** The most of several looks: timers that come and go with every beat are no leak. */
export const mostOf = (looks: readonly Resources[]): Resources => ({
  connections:
    looks.map((look) => look.connections).toSorted((one, other) => other.length - one.length)[0] ?? [],
  processes: looks.map((look) => look.processes).toSorted((one, other) => other.length - one.length)[0] ?? [],
  timers: Object.fromEntries(
    [...new Set(looks.flatMap((look) => Object.keys(look.timers)))].map((service) => [
      service,
      Math.max(...looks.map((look) => look.timers[service] ?? 0)),
    ]),
  ),
});
