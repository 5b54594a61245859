import { runMain } from '@switchyard/kernel';
import { start } from './compose.ts';
import { readConfig } from './env.ts';

const STOP_MS = 15_000;

await runMain({ name: 'proxylogin', start: () => start(readConfig()), stopMs: STOP_MS });
