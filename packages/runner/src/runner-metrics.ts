import type { CounterMetric, Metrics, TimerMetric } from '@switchyard/telemetry';

export interface RunnerMetrics {
  readonly startTime: TimerMetric;
  readonly invokeTime: TimerMetric;
  readonly faults: CounterMetric;
  readonly evictions: CounterMetric;
}

/** `read` is asked at each scrape. No bundle names as labels: their number is not ours to bound. */
export function createRunnerMetrics(
  metrics: Metrics,
  read: () => { hosts: number; warm: number; running: number; waiting: number },
): RunnerMetrics {
  const hosts = metrics.gauge('switchyard_hosts', 'Bundle hosts alive.');
  const warm = metrics.gauge('switchyard_hosts_warm', 'Bundle hosts that wait for a bundle.');
  const running = metrics.gauge('switchyard_host_invocations', 'Invocations inside bundle hosts.');
  const waiting = metrics.gauge(
    'switchyard_host_waiting',
    'Invocations that wait for a place in a bundle host.',
  );
  metrics.onScrape(() => {
    const now = read();
    hosts.set(now.hosts);
    warm.set(now.warm);
    running.set(now.running);
    waiting.set(now.waiting);
  });
  return {
    startTime: metrics.timer('switchyard_host_start_seconds', 'From spawn to a loaded bundle.'),
    invokeTime: metrics.timer(
      'switchyard_host_invoke_seconds',
      'An invocation, with the start of its host where it needed one.',
      ['kind', 'outcome'],
    ),
    faults: metrics.counter(
      'switchyard_host_faults_total',
      'Bundle hosts that crashed, blocked or could not start.',
      ['reason'],
    ),
    evictions: metrics.counter('switchyard_host_evictions_total', 'Idle bundle hosts that were closed.'),
  };
}
