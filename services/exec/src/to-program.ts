import type { ExecLanguage, RunRequest } from '@switchyard/protocol';
import { PlatformError } from '@switchyard/kernel';
import type { Program } from './backends/backend.ts';

const MIB = 1024 * 1024;

const ENTRIES: Readonly<Record<ExecLanguage, { file: string; program: string }>> = {
  python: { file: 'main.py', program: 'python3' },
  javascript: { file: 'main.js', program: 'node' },
  shell: { file: 'main.sh', program: 'bash' },
};

export interface ProgramLimits {
  readonly maxTimeoutMs: number;
  readonly maxMemoryBytes: number;
  /** What all files may have, unpacked: they share the folder with what the program writes. */
  readonly maxDiskBytes: number;
}

/** What is asked for, within the operator's limits. Throws TOO_LARGE for files that the folder does not hold, INVALID_REQUEST for two of one name. */
export function toProgram(request: RunRequest, limits: ProgramLimits): Program {
  const { language, code, limits: asked } = request;
  const { file, program } = ENTRIES[language];
  const files = request.files.map(({ path, content }) => ({ path, bytes: Buffer.from(content, 'base64') }));
  if (code !== undefined) files.push({ path: file, bytes: Buffer.from(code) });
  requireDistinct(files.map(({ path }) => path));
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) > limits.maxDiskBytes)
    throw PlatformError.of('TOO_LARGE', `The files have ${limits.maxDiskBytes} bytes together at most.`);
  return {
    language,
    command: request.command ?? [program, file],
    stdin: request.stdin ?? '',
    files,
    memoryBytes: Math.min(
      asked.memory_mb === undefined ? limits.maxMemoryBytes : asked.memory_mb * MIB,
      limits.maxMemoryBytes,
    ),
    timeoutMs: Math.min(asked.timeout_ms ?? limits.maxTimeoutMs, limits.maxTimeoutMs),
  };
}

/** A file cannot be a folder of another one either: unpacking would stop there. */
function requireDistinct(paths: readonly string[]): void {
  const seen = new Set(paths);
  const folders = new Set(
    paths.flatMap((path) => path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))),
  );
  const isClash = seen.size < paths.length || paths.some((path) => folders.has(path));
  if (isClash) throw PlatformError.of('INVALID_REQUEST', 'Two files of the run have the same path.');
}
