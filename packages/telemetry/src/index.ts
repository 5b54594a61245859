export { LOG_LEVELS, createLog, silentLog } from './log.ts';
export type { Log, LogFields, LogLevel } from './log.ts';
export { createMetrics } from './metrics.ts';
export type { CounterMetric, GaugeMetric, Labels, Metrics, TimerMetric } from './metrics.ts';
