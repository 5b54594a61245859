import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'report',
  name: 'Report',
  recovery: 'retryIfSilent',
  limits: { memoryMb: 512, concurrency: 1, instances: 2, wallMs: 120_000 },
  async executeCore(turn) {
    await turn.file({ filename: 'small.csv', mime: 'text/csv', content: 'a,b\n1,2\n' });
    await writeFile(join(turn.scratchDir, 'large.bin'), Buffer.alloc(1024));
    await turn.file({ filename: 'large.bin', mime: 'application/octet-stream', path: 'large.bin' });
    await turn.usage.record({ provider: 'local', model: 'none', input_tokens: 0, output_tokens: 0 });
    return { final_answer: 'Two files.' };
  },
  onLoad: ({ props }) => console.log('loaded with', props),
  onTurnCompleted: ({ turn_id }) => console.log('answered', turn_id),
});
