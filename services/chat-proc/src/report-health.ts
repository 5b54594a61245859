import type { HealthReport, Service } from '@switchyard/kernel';
import type { Store } from '@switchyard/store';

/** What readiness depends on: both stores and the parts with a life. The stores' errors are for the log, not for whoever asks. */
export async function reportHealth(
  store: Pick<Store, 'ping'>,
  redis: { isReady(): boolean },
  services: readonly Pick<Service, 'name' | 'health'>[],
  onError: (error: unknown) => void,
): Promise<HealthReport> {
  const isPostgresReady = await store.ping().then(
    () => true,
    (error: unknown) => {
      onError(error);
      return false;
    },
  );
  const reports = services.map((service) => [service.name, service.health()] as const);
  const parts: (readonly [string, HealthReport])[] = [
    ['postgres', { ok: isPostgresReady }],
    ['redis', { ok: redis.isReady() }],
    ...reports,
  ];
  return {
    ok: parts.every(([, report]) => report.ok),
    detail: Object.fromEntries(parts.map(([name, report]) => [name, { ok: report.ok, ...report.detail }])),
  };
}
