import { ApiError } from './api-error.ts';
import { createPredictApp } from './http/create-predict-app.ts';
import { predictionOpenApi } from './http/prediction-openapi.ts';
import { openPredictor } from './open-predictor.ts';
import { readContext } from './prediction-request.ts';
import { openPredictBase, serveApp } from './predict-server.ts';
import type { PredictServer, PredictServerOptions } from './predict-server.ts';
import { sourceOf } from './predictor-source.ts';

export const PREDICT_VERSION = '0.1.0';

/**
 * Serves the predictor of one folder. Resolves when it listens: setup may still be under way, `GET /health-check` tells. Rejects where
 * there is no predictor.
 */
export async function startStandardServer(
  folder: string,
  options: PredictServerOptions,
): Promise<PredictServer> {
  const base = await openPredictBase(options);
  try {
    const { predictions, config, opening } = base;
    const predictor = await openPredictor(folder, opening);
    const source = sourceOf(predictor);
    predictions.limitPlaces(() => predictor.maxConcurrency);
    const setUp = predictor.start();
    let shutDown = () => undefined as unknown;
    const app = createPredictApp({
      path: '/predictions',
      version: PREDICT_VERSION,
      predictions,
      config,
      log: options.log,
      sourceOf: ({ context }) => {
        // What is wrong with a request is said before what is wrong with the predictor.
        readContext(context);
        if (predictor.status === 'READY') return source;
        throw new ApiError(503, `runner not ready: ${predictor.status}`);
      },
      health: async () => {
        await predictor.check();
        const { status, setup } = predictor;
        return {
          status: status === 'READY' && predictions.isFull ? 'BUSY' : status,
          setup,
          concurrency: { max: predictions.places, current: predictions.running },
          version: PREDICT_VERSION,
        };
      },
      openapi: () =>
        predictor.schemas === undefined ? undefined : predictionOpenApi(predictor.schemas, PREDICT_VERSION),
      shutDown: () => void shutDown(),
    });
    const server = await serveApp(base, app, options, async (deadline) => {
      await predictor.stop(deadline);
      await setUp;
    });
    shutDown = () => server.close();
    return server;
  } catch (error) {
    await base.scope.close();
    throw error;
  }
}
