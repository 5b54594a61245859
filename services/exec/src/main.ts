import { runMain } from '@switchyard/kernel';
import { start } from './compose.ts';
import { readConfig } from './env.ts';

/** Programs get the drain limit; what is over it is ended, and that takes a moment. */
const STOP_AFTER_DRAIN_MS = 10_000;

const config = readConfig();
await runMain({
  name: 'exec',
  start: () => start(config),
  stopMs: config.execDrain + STOP_AFTER_DRAIN_MS,
});
