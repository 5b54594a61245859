import { runMain } from '@switchyard/kernel';
import { start } from './compose.ts';
import { readConfig } from './env.ts';

const STOP_MS = 5_000;

await runMain({ name: 'secrets', start: () => start(readConfig()), stopMs: STOP_MS });
