export { openBench } from './bench.ts';
export type { Bench } from './bench.ts';
export { readCases } from './case.ts';
export type { Case, Step } from './case.ts';
export { runCase } from './run-case.ts';
