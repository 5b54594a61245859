import { hostname } from 'node:os';
import { isProcessAlive } from '@switchyard/kernel';
import { EXEC_LANGUAGES } from '@switchyard/protocol';
import type { ExecLanguage } from '@switchyard/protocol';
import type { ExecConfig } from '../../env.ts';
import type { Backend } from '../backend.ts';
import { startsIn } from '../starts-in.ts';
import { createContainerBackend } from './container-backend.ts';
import { HOST_LABEL, MAKER_LABEL } from './container-command.ts';
import { Engine } from './engine.ts';

const ANSWER_MS = 10_000;
/** A first container of an image may have to be unpacked. */
const START_MS = 60_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Containers of the configured engine, with the languages that its image has. Rejects with the reason where none starts. */
export async function openContainers(config: ExecConfig, makeId: () => string): Promise<Backend> {
  if (config.execEngine === '') throw new Error('EXEC_ENGINE names no container engine');
  const engine = new Engine(config.execEngine, config.execEngineHost, PATH);
  await engine.ask(['version'], AbortSignal.timeout(ANSWER_MS));
  await removeAbandoned(engine);
  const parts = {
    engine,
    limits: {
      image: config.execImage,
      cpus: config.execCpus,
      diskBytes: config.execDisk,
      processes: config.execProcesses,
      uid: config.execUid,
    },
    labels: { [HOST_LABEL]: hostname(), [MAKER_LABEL]: String(process.pid) },
    makeId,
  };
  const languages: ExecLanguage[] = [];
  let failure: unknown;
  for (const language of EXEC_LANGUAGES) {
    try {
      await startsIn(createContainerBackend({ ...parts, languages: [language] }), language, START_MS);
      languages.push(language);
    } catch (error) {
      failure = error;
    }
  }
  if (languages.length === 0) throw failure;
  return createContainerBackend({ ...parts, languages });
}

/** Containers whose maker, on this machine, was killed. Those of other machines end by themselves. */
async function removeAbandoned(engine: Engine): Promise<void> {
  const listed = await engine.ask([
    'ps',
    '--all',
    '--filter',
    `label=${HOST_LABEL}=${hostname()}`,
    '--format',
    `{{.ID}} {{.Label "${MAKER_LABEL}"}}`,
  ]);
  const abandoned = listed
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([id = '', pid]) => id !== '' && !isAlive(Number(pid)))
    .map(([id = '']) => id);
  if (abandoned.length > 0) await engine.call(['rm', '--force', ...abandoned]);
}

function isAlive(pid: number): boolean {
  // A later life under the number of a former one: the containers of that one are not its own.
  return pid > 0 && pid !== process.pid && isProcessAlive(pid);
}
