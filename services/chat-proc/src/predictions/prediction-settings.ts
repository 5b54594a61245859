import { bytes, duration, flag, integer, optionalSecret, text } from '@switchyard/kernel';
import { z } from 'zod';

/** Predictions of bundles. */
export const predictionSettings = {
  predictionPlaces: integer(8, 1, 1000).describe(
    'Predictions that one worker runs at once for callers who wait for them; over it they get 409, or wait in line.',
  ),
  predictionSlots: integer(8, 1, 1000).describe('Asynchronous predictions that one worker runs at once.'),
  predictionLine: integer(64, 0, 10_000).describe(
    'Callers with `queue` who may wait for a place of one worker.',
  ),
  predictionWait: duration('60s').describe('How long a caller with `queue` waits for a place.'),
  predictionLimit: duration('1h').describe('Longest that one prediction may take.'),
  predictionKeepAbandoned: flag(false).describe(
    'A client that waits for its answer and goes away does not cancel its prediction.',
  ),
  predictionMaxOpen: integer(100, 1, 100_000).describe(
    'Predictions of one user that may wait or run at once; over it 429.',
  ),
  predictionKeep: duration('24h').describe('How long ended predictions can be asked for.'),
  predictionLease: duration('15s').describe(
    'A prediction whose worker has been silent for this long has failed.',
  ),
  predictionBody: bytes('25MiB').describe('Largest body of a prediction, with files as data URIs.'),
  predictionFile: bytes('100MiB').describe('Largest file that an input names by its address.'),
  predictionTransfer: duration('120s').describe('Longest that fetching a file of an input may take.'),
  predictionLog: bytes('1MiB').describe('Of a log; what lies between its beginning and its end is left out.'),
  predictionEvents: bytes('4MiB').describe('Of the events that streams which attach later are told.'),
  predictionWebhookSecret: optionalSecret().describe(
    'Key that signs webhooks of predictions, as it is or `whsec_` and base64; without it they are not signed.',
  ),
  predictionSetup: duration('5m').describe(
    'Longest from the start of a process of a predictor in Python to the end of its `setup`.',
  ),
  predictionPython: text('python3').describe('Program that runs predictors in Python, 3.9 or newer.'),
  predictionPythonSandbox: z
    .enum(['bwrap', 'none'])
    .default('bwrap')
    .describe('How they are contained; `none`: they can do what this worker can, for development.'),
  predictionPythonHosts: integer(8, 1, 1000).describe(
    'Processes of predictors in Python at once; over it the idle one that was used longest ago ends.',
  ),
  predictionPythonMemory: bytes('2GiB').describe(
    'What one of them may have for itself, where its bundle says nothing; over it Python raises `MemoryError`.',
  ),
};
