import { PlatformError } from '@switchyard/kernel';
import type { ExecLanguage } from '@switchyard/protocol';
import type { Backend } from '../backend.ts';
import { startsIn } from '../starts-in.ts';
import { createBwrapBackend } from './bwrap-backend.ts';
import type { BwrapLimits, Interpreter } from './bwrap-command.ts';
import { findHelpers, findInterpreters } from './find-tools.ts';
import type { ToolPaths } from './find-tools.ts';
import { killAbandoned } from './marked-processes.ts';
import { syscallFilter } from './syscall-filter.ts';

export interface OpenBwrapParts {
  readonly bwrapPath: string;
  readonly paths: ToolPaths;
  readonly limits: BwrapLimits;
  readonly uid: number | undefined;
  readonly makeId: () => string;
}

/** From the strictest on. Containers often allow no more than the last one. */
const STRENGTHS = [
  { forbidsNamespaces: true, hasProc: true },
  { forbidsNamespaces: false, hasProc: true },
  { forbidsNamespaces: false, hasProc: false },
];

/** bubblewrap as strict as it starts here, with the languages that start in it. Rejects with the reason where none does. */
export async function openBwrap(parts: OpenBwrapParts): Promise<Backend> {
  const { bwrapPath, paths, ...others } = parts;
  await killAbandoned();
  const [helpers, interpreters] = await Promise.all([findHelpers(), findInterpreters(paths)]);
  const filter = syscallFilter(process.arch);
  let failure: unknown = PlatformError.of('UNAVAILABLE', 'No interpreter was found.');
  for (const strength of STRENGTHS) {
    const tools = { bwrapPath, bashPath: paths.shellPath, helpers, interpreters, ...strength };
    const backend = createBwrapBackend({ ...others, tools, filter });
    const started: Partial<Record<ExecLanguage, Interpreter>> = {};
    for (const language of backend.languages) {
      try {
        await startsIn(backend, language);
        const interpreter = interpreters[language];
        if (interpreter !== undefined) started[language] = interpreter;
      } catch (error) {
        failure = error;
      }
    }
    if (Object.keys(started).length > 0)
      return createBwrapBackend({ ...others, tools: { ...tools, interpreters: started }, filter });
  }
  throw failure;
}
