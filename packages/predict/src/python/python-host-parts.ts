import type { Log } from '@switchyard/telemetry';
import type { PredictConfig } from '../predict-config.ts';
import type { PythonSource } from './python-source.ts';
import type { StatusListener } from './status-listener.ts';

/** What the process of one Python predictor is made of. */
export interface PythonHostParts {
  readonly source: PythonSource;
  /** Folder of this process, for what hosts write. */
  readonly folder: string;
  readonly status: StatusListener;
  readonly config: Pick<
    PredictConfig,
    | 'setupMs'
    | 'cancelMs'
    | 'handoverMs'
    | 'stopMs'
    | 'maxFileBytes'
    | 'environment'
    | 'pythonPath'
    | 'keepFiles'
    | 'maxConcurrency'
    | 'pythonSandbox'
    | 'memoryMb'
  >;
  /** Folders that Python itself lies in, for the sandbox. */
  readonly pythonFolders: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  now(): number;
}
