import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import type { ExecLanguage } from '@switchyard/protocol';
import { packFiles } from '../../pack-files.ts';
import type { Backend, Program, ProgramExit, RunEar } from '../backend.ts';
import { holderArguments, packArguments, programArguments, unpackArguments } from './container-command.ts';
import type { ContainerLimits } from './container-command.ts';
import { keep } from './engine.ts';
import type { Engine } from './engine.ts';

export interface ContainerParts {
  readonly engine: Engine;
  readonly limits: ContainerLimits;
  readonly languages: readonly ExecLanguage[];
  readonly labels: Readonly<Record<string, string>>;
  readonly makeId: () => string;
}

/** Longest that the engine may take to make a container, or to take one away. */
const ENGINE_MS = 60_000;
const MAX_WORDS = 1000;

/** Programs in containers of their own, one for each run. */
export function createContainerBackend(parts: ContainerParts): Backend {
  return {
    name: 'container',
    languages: parts.languages,
    run: (program, ear, signal) => runInContainer(parts, program, ear, signal),
  };
}

async function runInContainer(
  { engine, limits, labels, makeId }: ContainerParts,
  program: Program,
  ear: RunEar,
  signal: AbortSignal,
): Promise<ProgramExit> {
  signal.throwIfAborted();
  const name = `switchyard-exec-${makeId()}`;
  const { memoryBytes, timeoutMs } = program;
  try {
    // Not ended by the signal: a container that is being made could come into being after it was taken away.
    await engine.ask(
      holderArguments({ name, labels, memoryBytes, timeoutMs }, limits),
      AbortSignal.timeout(ENGINE_MS),
    );
    return await inHolder(engine, name, program, ear, signal);
  } finally {
    await engine.call(['rm', '--force', name], { signal: AbortSignal.timeout(ENGINE_MS) });
  }
}

async function inHolder(
  engine: Engine,
  name: string,
  program: Program,
  ear: RunEar,
  signal: AbortSignal,
): Promise<ProgramExit> {
  const said: string[] = [];
  const unpacked = await engine.call(unpackArguments(name), {
    input: packFiles(program.files),
    signal,
    stderr: (stream) => keep(stream, said),
  });
  if (unpacked !== 0 && !signal.aborted)
    throw PlatformError.of('UNAVAILABLE', 'The container did not take the files.', {
      cause: new Error(said.join('').slice(0, MAX_WORDS)),
    });
  const code = await engine.call(programArguments(name, program.language, program.command), {
    input: program.stdin,
    signal,
    stdout: (stream) => hear(stream, (chunk) => ear.output('stdout', chunk)),
    stderr: (stream) => hear(stream, (chunk) => ear.output('stderr', chunk)),
  });
  const counts: string[] = [];
  await engine.call(packArguments(name), {
    signal,
    stdout: (stream) => ear.files(stream),
    stderr: (stream) => keep(stream, counts),
  });
  return {
    code: signal.aborted ? null : code,
    isOutOfMemory: /^oom_kill [1-9]/m.test(counts.join('')),
  };
}

async function hear(stream: Readable, say: (chunk: Buffer) => Promise<void>): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await say(chunk);
}
