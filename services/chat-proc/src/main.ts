import { runMain } from '@switchyard/kernel';
import { startProc } from './compose.ts';
import { readProcConfig } from './env.ts';

/** More than DRAIN_LIMIT's default: the worker interrupts what still runs at its own limit, this one ends the process. */
const STOP_MS = 130_000;

await runMain({ name: 'chat-proc', start: () => startProc(readProcConfig()), stopMs: STOP_MS });
