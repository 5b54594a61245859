import { runMain } from '@switchyard/kernel';
import { startWebUi } from './compose.ts';
import { readConfig } from './env.ts';

const STOP_MS = 10_000;

await runMain({ name: 'web-ui', stopMs: STOP_MS, start: async () => startWebUi(readConfig()) });
