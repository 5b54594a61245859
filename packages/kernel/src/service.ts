import type { Deadline } from './deadline.ts';
import { Scope } from './scope.ts';

/** What a part says of itself on `/health/ready`. `detail` is for operators: no secrets, no user data. */
export interface HealthReport {
  ok: boolean;
  detail?: Record<string, unknown>;
}

/** A part with a life: reaper, renewer, subscriber, heartbeat. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Takes no new work at once, ends what runs until the deadline, then ends hard. Safe to call twice. */
  stop(deadline: Deadline): Promise<void>;
  health(): HealthReport;
}

/** Starts services in order and stops them in reverse; a start that fails stops those before it. */
export function createServiceGroup(name: string, services: readonly Service[]): Service {
  const started: Service[] = [];
  const stop = async (deadline: Deadline) => {
    const scope = new Scope();
    for (const service of started.splice(0)) scope.defer(() => service.stop(deadline));
    await scope.close();
  };
  return {
    name,
    async start() {
      for (const service of services) {
        started.push(service);
        await service.start();
      }
    },
    stop,
    health() {
      const reports = services.map((service) => [service.name, service.health()] as const);
      return {
        ok: reports.every(([, report]) => report.ok),
        detail: Object.fromEntries(
          reports.map(([part, report]) => [part, { ok: report.ok, ...report.detail }]),
        ),
      };
    },
  };
}
