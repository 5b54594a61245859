import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type Labels = Record<string, string>;

export interface CounterMetric {
  add(labels?: Labels, by?: number): void;
}
export interface GaugeMetric {
  set(value: number, labels?: Labels): void;
}
/** Seconds, as Prometheus wants them; callers measure in milliseconds. */
export interface TimerMetric {
  observeMs(ms: number, labels?: Labels): void;
}

/**
 * The figures of one process. Names are `switchyard_<area>_<what>_<unit>`; asking for a name again gives the same metric, so a
 * part may be built twice in one process.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): CounterMetric;
  gauge(name: string, help: string, labels?: readonly string[]): GaugeMetric;
  timer(name: string, help: string, labels?: readonly string[]): TimerMetric;
  /** Runs before each scrape: for gauges that are read, not kept. */
  onScrape(collect: () => void): void;
  /** The text of `/metrics`. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** 0.5 ms to 60 s: a hop over Redis and a whole answer in one scale. */
const BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

export function createMetrics(options: { service: string; withProcessMetrics?: boolean }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service: options.service });
  if (options.withProcessMetrics === true) collectDefaultMetrics({ register: registry });
  const collectors: (() => void)[] = [];
  const named = <T>(name: string, create: () => T): T =>
    (registry.getSingleMetric(name) as T | undefined) ?? create();
  return {
    counter(name, help, labels = []) {
      const metric = named(
        name,
        () => new Counter({ name, help, labelNames: [...labels], registers: [registry] }),
      );
      return { add: (values = {}, by = 1) => metric.inc(values, by) };
    },
    gauge(name, help, labels = []) {
      const metric = named(
        name,
        () => new Gauge({ name, help, labelNames: [...labels], registers: [registry] }),
      );
      return { set: (value, values = {}) => metric.set(values, value) };
    },
    timer(name, help, labels = []) {
      const metric = named(
        name,
        () =>
          new Histogram({
            name,
            help,
            labelNames: [...labels],
            buckets: BUCKETS_SECONDS,
            registers: [registry],
          }),
      );
      return { observeMs: (ms, values = {}) => metric.observe(values, ms / 1000) };
    },
    onScrape: (collect) => void collectors.push(collect),
    text: () => {
      for (const collect of collectors) collect();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
