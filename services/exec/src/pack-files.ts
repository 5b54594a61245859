import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { InputFile } from './backends/backend.ts';

/** A tar with the program's files, for the sandbox to unpack: nothing is written outside of it. */
export function packFiles(files: readonly InputFile[]): Readable {
  const tar = pack();
  for (const { path, bytes } of files) tar.entry({ name: path, mode: 0o644 }, Buffer.from(bytes));
  tar.finalize();
  return Readable.from(tar);
}
