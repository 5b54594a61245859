import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { buildHostCommand } from './host-command.ts';
import { makeHostFolders } from './host-folders.ts';
import type { HostPoolParts } from './host-pool-parts.ts';
import { HostProcess } from './host-process.ts';

/** After a host that did not come up: the machine has another problem than a cold start. */
const PAUSE_MS = 5000;

export type WarmHostsParts = Omit<HostPoolParts, 'metrics'> & { readonly clock: Clock; readonly log: Log };

/** Starts the process of a host; what it may read and write is fixed from here on. */
export function startHostProcess(
  parts: WarmHostsParts,
  options: { memoryMb: number; versionDir?: string; lost?: () => void },
): HostProcess {
  const { config, clock, workDir } = parts;
  const { memoryMb, lost = () => undefined } = options;
  const folders = makeHostFolders(workDir, config);
  const versionDir = options.versionDir ?? folders.version;
  const command = buildHostCommand({ ...parts, versionDir, scratchDir: folders.scratch, memoryMb });
  return new HostProcess({ command, folders, memoryMb, config, clock, lost });
}

/** Hosts that were started ahead, each over an empty folder of its own, with a sample loaded: a version is linked into one and loaded. */
export class WarmHosts {
  readonly #parts: WarmHostsParts;
  readonly #ready: HostProcess[] = [];
  readonly #starting = new Set<HostProcess>();
  #isStopped = false;
  #pausedUntil = 0;

  constructor(parts: WarmHostsParts) {
    this.#parts = parts;
  }

  /** Pids of those that wait. */
  get pids(): number[] {
    return this.#ready.map(({ pid }) => pid);
  }

  /**
   * One that waits, or else one that is on its way: it reads what it is sent when it is up, which is sooner than a process that only
   * starts now and takes the processor from it. Undefined: there is none, or this memory limit needs other flags.
   */
  take(memoryMb: number): HostProcess | undefined {
    if (memoryMb !== this.#parts.config.memoryMb) return undefined;
    const ready = this.#ready.shift();
    if (ready !== undefined) return ready;
    const [starting] = this.#starting;
    if (starting !== undefined) this.#starting.delete(starting);
    return starting;
  }

  /** Starts as many as are missing. Called after a version was loaded, so that the two do not compete, and at each tick. */
  fill(): void {
    const { config, clock, log } = this.#parts;
    if (this.#isStopped || clock.monotonic() < this.#pausedUntil) return;
    while (this.#ready.length + this.#starting.size < config.warmHosts) {
      const host = startHostProcess(this.#parts, {
        memoryMb: config.memoryMb,
        lost: () => this.#forget(host),
      });
      this.#starting.add(host);
      host.warm().then(
        () => {
          if (this.#starting.delete(host)) this.#ready.push(host);
        },
        (error: unknown) => {
          // Taken meanwhile: its end is told to whoever took it.
          if (!this.#starting.delete(host) && host.isAssigned) return;
          this.#pausedUntil = clock.monotonic() + PAUSE_MS;
          if (!this.#isStopped) log.warn('a host could not be started ahead', { error });
        },
      );
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const hosts = [...this.#ready, ...this.#starting];
    for (const host of hosts) host.kill('stopped');
    await Promise.all(hosts.map((host) => host.exited));
  }

  #forget(host: HostProcess): void {
    this.#starting.delete(host);
    const at = this.#ready.indexOf(host);
    if (at !== -1) this.#ready.splice(at, 1);
  }
}
