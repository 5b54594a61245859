import { defineBundle, operation } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'plotter',
  name: 'Plotter',
  capabilities: ['exec'],
  async executeCore(turn) {
    const { stdout, files, cause } = await turn.exec.run(
      {
        language: 'python',
        code: 'numbers = open("numbers.csv").read()\nprint(numbers)\nopen("twice.txt", "w").write(numbers * 2)',
        files: [{ path: 'numbers.csv', bytes: '1,2,3' }],
        timeoutMs: 10_000,
      },
      { onOutput: (text) => turn.step('program', { status: 'running', data: { text } }) },
    );
    for (const { path, bytes } of files)
      await turn.file({ filename: path, mime: 'text/plain', content: bytes });
    return { final_answer: cause === 'exit' ? stdout : `It was ended: ${cause}` };
  },
  operations: {
    languages: operation({
      needs: ['exec'],
      run: async (ctx) => (await ctx.exec.describe())?.languages ?? [],
    }),
  },
});
