import { PlatformError } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import type { ExecConfig } from '../env.ts';
import type { Backend } from './backend.ts';
import { openBwrap } from './bwrap/open-bwrap.ts';
import { openContainers } from './container/open-containers.ts';

type Opening = () => Promise<Backend>;

/**
 * What holds programs here. `auto` takes an engine where one is configured and answers, else bubblewrap, else nothing, with the reason for
 * who asks. Throws CONFIG where one was asked for by name and does not start: never less in silence.
 */
export async function openBackend(
  config: ExecConfig,
  makeId: () => string,
  log: Log,
): Promise<{ backend: Backend | undefined; whyNone: string }> {
  const uid = process.getuid?.() === 0 ? config.execUid : undefined;
  const openings: Readonly<Record<'container' | 'bwrap', Opening>> = {
    container: () => openContainers(config, makeId),
    bwrap: () =>
      openBwrap({
        bwrapPath: config.execBwrapPath,
        paths: {
          isForOthers: uid !== undefined,
          nodePath: process.execPath,
          pythonPath: config.execPython,
          shellPath: config.execShell,
        },
        limits: { diskBytes: config.execDisk, processes: config.execProcesses },
        uid,
        makeId,
      }),
  };
  const { execBackend: wanted } = config;
  if (wanted !== 'auto') {
    const backend = await openings[wanted]().catch((cause: unknown) => {
      throw PlatformError.of(
        'CONFIG',
        `exec: EXEC_BACKEND ${wanted} does not start here: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    });
    return { backend, whyNone: '' };
  }
  for (const name of config.execEngine === '' ? (['bwrap'] as const) : (['container', 'bwrap'] as const)) {
    try {
      return { backend: await openings[name](), whyNone: '' };
    } catch (error) {
      log.warn('programs cannot be held by this', { backend: name, error });
    }
  }
  return {
    backend: undefined,
    whyNone: 'Nothing here can hold a program: neither a container engine nor bubblewrap starts.',
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
}
