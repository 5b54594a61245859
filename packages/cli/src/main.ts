#!/usr/bin/env node
// The program `switchyard`: what of the process it uses is named here, and nowhere else.
import { runCli } from './run-cli.ts';

const interrupts = new Set<() => void>();
process.on('SIGINT', () => {
  // The newest handler only: a chat stops its answer, everything else ends.
  const handler = [...interrupts].at(-1);
  if (handler === undefined) process.exit(130);
  handler();
});
// `switchyard bundle list | head -1`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCli(process.argv.slice(2), {
  env,
  // `./dev switchyard` changes the folder before it starts us.
  cwd: env['SWITCHYARD_CWD'] ?? process.cwd(),
  stdin,
  stdout,
  stderr,
  now: () => performance.now(),
  random: Math.random,
  newId: () => crypto.randomUUID(),
  onInterrupt(handler) {
    interrupts.add(handler);
    return () => void interrupts.delete(handler);
  },
  onTerminate(handler) {
    process.on('SIGTERM', handler);
    return () => void process.off('SIGTERM', handler);
  },
});
