import { build } from 'hdr-histogram-js';

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

/** Milliseconds in, percentiles in milliseconds out; microsecond resolution. */
export function createLatencies(): { record(ms: number): void; percentiles(): Percentiles } {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 600_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    record: (ms) => histogram.recordValue(Math.max(1, Math.round(ms * 1000))),
    percentiles: () => ({
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: histogram.maxValue / 1000,
      count: histogram.totalCount,
    }),
  };
}
