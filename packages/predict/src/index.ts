export { DEFAULT_PREDICT_CONFIG } from './predict-config.ts';
export type { PredictConfig } from './predict-config.ts';
export { startStandardServer } from './start-standard-server.ts';
export { startProceduresServer } from './procedures/start-procedures-server.ts';
export type { PredictServer, PredictServerOptions } from './predict-server.ts';
export { serveAlone, serveProceduresAlone } from './serve-alone.ts';
export type { AloneOptions } from './serve-alone.ts';
