import { z } from 'zod';
import { createRuntime } from './create-runtime.ts';
import { RUNTIME } from './bundle-runtime.ts';
import type {
  AnyPredictor,
  OutputIterator,
  PredictorDefinition,
  PredictorPart,
} from './predictor-definition.ts';
import type { PredictorFile, SecretText } from './predictor-values.ts';
import { isPredictorFile, makeSecret } from './predictor-values.ts';

/** One output after the other; on the wire an array that grows. */
export const iteratorOf = <T>(element: z.ZodType<T>): OutputIterator<T> => ({
  iterates: true,
  element,
  display: undefined,
});

/** Pieces of one text. */
export const textIterator = (): OutputIterator<string> => ({
  iterates: true,
  element: z.string(),
  display: 'concatenate',
});

/** A field that is a file: `predict` is given one of this machine, clients send an address or a data URI. As output: `outputFile`. */
export const file = (): z.ZodType<PredictorFile> =>
  z.custom<PredictorFile>(isPredictorFile).meta({ type: 'string', format: 'uri' });

/** A field that nobody reads but `predict`: it prints as asterisks, and clients see asterisks. */
export const secretText = (): z.ZodType<SecretText, string> =>
  z
    .string()
    .transform(makeSecret)
    .meta({ type: 'string', format: 'password', writeOnly: true, 'x-cog-secret': true });

export function predictor<
  I extends z.ZodObject,
  O extends z.ZodType | OutputIterator<unknown>,
  S = undefined,
>(definition: PredictorDefinition<I, O, S>): PredictorPart {
  // The host checks input before it calls and output after: inside, types are rubbed off.
  const rubbed = definition as unknown as AnyPredictor;
  const part: PredictorPart = {
    id: 'predictor',
    kind: 'predictor',
    definition: rubbed,
    get [RUNTIME]() {
      return createRuntime({ id: 'predictor', name: 'Predictor', predict: part });
    },
  };
  return part;
}
