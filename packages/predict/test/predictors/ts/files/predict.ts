import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { file, outputFile, predictor, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({
    source: file(),
    looks: z.string().default('file:///etc/passwd'),
    copies: z.int().default(0),
    outside: z.string().default(''),
  }),
  output: z.object({ name: z.string(), looks: z.string(), file: file(), more: z.array(file()) }),
  predict({ source, looks, copies, outside }, ctx) {
    const { name } = source;
    const write = (target: string, text: string) => {
      writeFileSync(path.join(ctx.scratchDir, target), text);
      return outputFile(path.join(ctx.scratchDir, target));
    };
    if (outside === 'link') {
      const link = path.join(ctx.scratchDir, 'link.txt');
      symlinkSync('/etc/hostname', link);
      return { name, looks, file: outputFile(link), more: [] };
    }
    if (outside !== '') return { name, looks, file: outputFile(outside), more: [] };
    const text = source.text();
    return {
      name,
      looks,
      file: write('upper.txt', text.toUpperCase()),
      more: Array.from({ length: copies }, (_, at) => write(`copy-${at}.txt`, text)),
    };
  },
});
