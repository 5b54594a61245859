// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

const program = {
  language: z.enum(['python', 'javascript', 'shell']),
  code: z.string(),
  timeoutMs: z.number().optional(),
};

/** Runs what it is told to. */
export default defineBundle({
  id: 'coder',
  name: 'Coder',
  secrets: ['api_key'],
  capabilities: ['exec'],
  executeCore: () => ({ text: 'Call an operation.' }),
  operations: {
    offer: operation({ needs: ['exec'], run: (ctx) => ctx.exec.describe() }),
    run: operation({
      needs: ['exec'],
      secrets: ['api_key'],
      input: z.object({
        ...program,
        isHeard: z.boolean().default(false),
        isSecret: z.boolean().default(false),
      }),
      async run(ctx, { language, code, timeoutMs, isHeard, isSecret }) {
        const key = isSecret ? await ctx.secrets.get('api_key') : '';
        const heard: string[] = [];
        try {
          const result = await ctx.exec.run(
            {
              language,
              code,
              files: [{ path: 'key.txt', bytes: key }],
              ...(timeoutMs === undefined ? {} : { timeoutMs }),
            },
            isHeard ? { onOutput: (text, stream) => void heard.push(`${stream}: ${text}`) } : {},
          );
          const files = result.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]);
          // Spelled so that what the answer's own mask would do is told from what came.
          return {
            ...result,
            files,
            heard,
            hasKey: key !== '' && JSON.stringify([result, heard]).includes(key),
          };
        } catch (error) {
          return { code: (error as { code?: string }).code };
        }
      },
    }),
    brief: operation({
      needs: ['exec'],
      timeoutMs: 2000,
      input: z.object(program),
      run: (ctx, { language, code }) => ctx.exec.run({ language, code }),
    }),
  },
});
