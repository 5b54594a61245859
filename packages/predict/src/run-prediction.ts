import { MAX_TIMER_MS } from '@switchyard/kernel';
import { findFiles, maskSecrets, secretTexts } from './input-schema.ts';
import { placeInputFiles } from './files/input-files.ts';
import type { InputFilesParts } from './files/input-files.ts';
import { placeOutputFiles } from './files/output-files.ts';
import type { OutputFilesParts } from './files/output-files.ts';
import type { PredictConfig } from './predict-config.ts';
import type { JsonObject } from './prediction-view.ts';
import type { Outcome, Prediction } from './prediction.ts';
import type { HostOutput, PredictCall, PredictResult } from './predictor.ts';
import type { PredictorClaim, RunningPredictor } from './predictor-source.ts';
import { createSecretMask } from './secret-mask.ts';

export interface RunParts {
  readonly config: Pick<PredictConfig, 'predictMs'>;
  readonly input: JsonObject;
  readonly context: Readonly<Record<string, string>>;
  readonly claim: PredictorClaim;
  /** Hidden in logs and errors, beside secret inputs. */
  readonly secrets: readonly string[];
  /** Resolves when the prediction has a place. */
  readonly placed: Promise<void>;
  /**
   * Asked when the process of the predictor went: whether its code may begin again, with what the log says of it. Without it never.
   */
  mayBeginAgain?(): Promise<{ readonly line: string } | undefined>;
  /** Gives the place back. */
  release(): void;
  readonly outputFilePrefix: string | undefined;
  readonly outputs: OutputFilesParts;
  readonly inputs: InputFilesParts & { readonly folder: string };
}

/** Runs one prediction to its end, whatever happens. Never rejects. */
export async function runPrediction(prediction: Prediction, parts: RunParts): Promise<void> {
  const ending = new AbortController();
  const cancel = () => ending.abort();
  prediction.signal.addEventListener('abort', cancel, { once: true });
  let hasPlace = false;
  let outcome: Outcome;
  try {
    await parts.placed;
    hasPlace = true;
    outcome = await runPlaced(prediction, parts, ending);
  } catch (error) {
    outcome = prediction.signal.aborted ? { status: 'canceled' } : failed(error);
  }
  parts.claim.release();
  if (hasPlace) parts.release();
  prediction.finish(outcome);
}

async function runPlaced(prediction: Prediction, parts: RunParts, ending: AbortController): Promise<Outcome> {
  const predictor = await parts.claim.acquire(ending.signal, (text) => prediction.log(text));
  const schemas = predictor.schemas ?? {};
  prediction.showInput(maskSecrets(schemas, parts.input));
  const placed = await placeInputFiles(findFiles(schemas, parts.input), {
    ...parts.inputs,
    signal: ending.signal,
  });
  try {
    return await call(prediction, predictor, placed.files, parts, ending);
  } finally {
    await placed.remove();
  }
}

async function call(
  prediction: Prediction,
  predictor: RunningPredictor,
  files: PredictCall['files'],
  parts: RunParts,
  ending: AbortController,
): Promise<Outcome> {
  const { config, input, outputs } = parts;
  const mask = createSecretMask([...secretTexts(predictor.schemas ?? {}, input), ...parts.secrets]);
  const limit = setTimeout(
    () => ending.abort(new Error('over its limit')),
    Math.min(config.predictMs, MAX_TIMER_MS),
  );
  let failure: Error | undefined;
  const place = async (output: HostOutput): Promise<unknown> => {
    try {
      return await placeOutputFiles(output, outputs, {
        predictionId: prediction.id,
        prefix: parts.outputFilePrefix,
        signal: ending.signal,
      });
    } catch (error) {
      // One file that is lost makes the whole output wrong: the rest need not be made.
      failure ??= error as Error;
      ending.abort(error);
      throw error;
    }
  };
  prediction.begin();
  try {
    const { created_at: createdAt, started_at: startedAt } = prediction.view();
    const attempt = () =>
      predictor.predict({
        id: prediction.id,
        input,
        files,
        context: parts.context,
        createdAt,
        startedAt,
        signal: ending.signal,
        onLog: (text) => prediction.log(mask(text)),
        onMetric: (name, value) => prediction.metric(name, value),
        onOutput: async (output) => {
          if (failure === undefined) prediction.addOutput(await place(output));
          else await Promise.all([...output.files.values()].map((file) => file.close()));
        },
      });
    let result = await attempt();
    // An output that could not be placed has aborted as well.
    while (result.status === 'failed' && result.isLost === true) {
      const again = ending.signal.aborted ? undefined : await parts.mayBeginAgain?.();
      if (again === undefined) break;
      prediction.beginAgain(`${again.line}: ${mask(result.error)}\n`);
      result = await attempt();
    }
    return await conclude(result, prediction, {
      place,
      mask,
      ending,
      failure: () => failure,
      predictMs: config.predictMs,
    });
  } finally {
    clearTimeout(limit);
  }
}

async function conclude(
  result: PredictResult,
  prediction: Prediction,
  given: {
    place(output: HostOutput): Promise<unknown>;
    mask(text: string): string;
    ending: AbortController;
    failure(): Error | undefined;
    predictMs: number;
  },
): Promise<Outcome> {
  const failure = given.failure();
  if (failure !== undefined) return failed(failure);
  switch (result.status) {
    case 'succeeded':
      if (result.output !== undefined) prediction.setOutput(await given.place(result.output));
      else if (result.iterates === true) prediction.setOutput([]);
      return { status: 'succeeded' };
    case 'canceled':
      if (prediction.signal.aborted || !given.ending.signal.aborted) return { status: 'canceled' };
      return { status: 'failed', error: `the prediction took longer than ${given.predictMs / 1000} s` };
    case 'failed':
      return { status: 'failed', error: given.mask(result.error) };
  }
}

function failed(error: unknown): Outcome {
  return { status: 'failed', error: error instanceof Error ? error.message : String(error) };
}
