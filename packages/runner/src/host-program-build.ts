import { rolldown } from 'rolldown';

/** What `host-program.ts` asks of this program: entries by the names of their files in `outDir`. */
export interface BuildOrder {
  readonly entries: Readonly<Record<string, string>>;
  readonly outDir: string;
}

const { entries, outDir } = JSON.parse(process.argv[2] ?? '') as BuildOrder;
const bundle = await rolldown({ input: { ...entries }, platform: 'node', logLevel: 'silent' });
// What several entries need lies in files that they share: one zod, whichever name it is imported by.
await bundle.write({
  dir: outDir,
  format: 'esm',
  entryFileNames: '[name].mjs',
  chunkFileNames: 'shared-[hash].mjs',
});
await bundle.close();
