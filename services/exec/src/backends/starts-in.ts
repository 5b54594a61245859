import type { ExecLanguage } from '@switchyard/protocol';
import type { Backend } from './backend.ts';

const MEMORY_BYTES = 256 * 1024 * 1024;
const MAX_WORDS = 500;

const NOTHING: Readonly<Record<ExecLanguage, readonly string[]>> = {
  python: ['python3', '-c', 'pass'],
  javascript: ['node', '-e', '0'],
  shell: ['bash', '-c', ':'],
};

/** Runs a program that does nothing, as any other is run. Rejects with what was said where it does not end well. */
export async function startsIn(backend: Backend, language: ExecLanguage, limitMs = 20_000): Promise<void> {
  let said = '';
  const exit = await backend
    .run(
      {
        language,
        command: NOTHING[language],
        stdin: '',
        files: [],
        memoryBytes: MEMORY_BYTES,
        timeoutMs: limitMs,
      },
      {
        output: async (_stream, chunk) => void (said = `${said}${chunk.toString()}`.slice(0, MAX_WORDS)),
        files: (tar) => tar.forEach(() => undefined),
      },
      AbortSignal.timeout(limitMs),
    )
    .catch((cause: unknown) => {
      throw new Error(`${language} does not start in ${backend.name}: ${said.trim() || String(cause)}`, {
        cause,
      });
    });
  if (exit.code !== 0) throw new Error(`${language} does not start in ${backend.name}: ${said.trim()}`);
}
