import { PlatformError } from '@switchyard/kernel';
import { EXEC_LANGUAGES } from '@switchyard/protocol';
import type { CapabilityArgs, CapabilityHandlers, CapabilityResult, RunEvent } from '@switchyard/protocol';

type Program = CapabilityArgs<'exec', 'run'>[0];
type Result = CapabilityResult<'exec', 'run'>;

/** A test's answer to a program. */
export type FakeExec = (program: Program) => Promise<Partial<Result>> | Partial<Result>;

const OFFER = {
  languages: [...EXEC_LANGUAGES],
  timeout_ms: 60_000,
  memory_mb: 512,
  output_bytes: 1024 * 1024,
  file_bytes: 10 * 1024 * 1024,
  files: 50,
};

/** Programs that a test answers; where it has set no answer, nothing runs code. */
export function createFakeExec(answer: () => FakeExec | undefined): CapabilityHandlers<'exec', unknown> {
  const run = async (program: Program): Promise<Result> => {
    const given = answer();
    if (given === undefined)
      throw PlatformError.of('CAPABILITY_UNAVAILABLE', 'The test has set no platform.exec.');
    return {
      exit_code: 0,
      signal: null,
      cause: 'exit',
      left_out: [],
      stdout: '',
      stderr: '',
      timed_out: false,
      files: [],
      ...(await given(program)),
    };
  };
  return {
    describe: async () => (answer() === undefined ? null : OFFER),
    run: (_caller, program) => run(program),
    stream: async (_caller, program) => ({ events: toLines(eventsOf(await run(program))) }),
  };
}

function eventsOf({ stdout, stderr, files, exit_code, signal, cause, left_out }: Result): RunEvent[] {
  return [
    { type: 'started', backend: 'test' },
    ...(['stdout', 'stderr'] as const).flatMap((stream): RunEvent[] => {
      const text = stream === 'stdout' ? stdout : stderr;
      return text === '' ? [] : [{ type: 'output', stream, text }];
    }),
    ...files.map(({ path, bytes }): RunEvent => ({
      type: 'file',
      path,
      content: Buffer.from(bytes).toString('base64'),
    })),
    { type: 'end', exit_code, signal, cause, left_out, ms: 0 },
  ];
}

async function* toLines(events: readonly RunEvent[]): AsyncGenerator<Uint8Array> {
  for (const event of events) yield Buffer.from(`${JSON.stringify(event)}\n`);
}
