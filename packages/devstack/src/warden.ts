import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { WardenLine, WatchedProcess } from './warden-program.ts';

/** Ends watched processes if this process dies without having done so itself (SIGKILL, a crash). */
export interface Warden {
  watch(process: WatchedProcess): void;
  forget(pid: number): void;
  /** Everything was ended in order: the warden has nothing to do and leaves. */
  release(): Promise<void>;
}

export const startWarden = (): Warden => {
  const program = fileURLToPath(new URL('./warden-program.ts', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin.on('error', () => {}); // a warden that was killed only means less protection
  child.unref();
  const send = (line: WardenLine): void => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
  };
  return {
    watch: (watched) => send({ watch: watched }),
    forget: (pid) => send({ forget: pid }),
    release: async () => {
      child.ref();
      send({ done: true });
      child.stdin.end();
      await exited;
    },
  };
};
