/** What went wrong between the platform and the model, in words for the person who waits. */
export interface ModelFailure {
  /** Stable. */
  errorType:
    | 'model_key_refused'
    | 'model_not_found'
    | 'model_rate_limited'
    | 'model_budget_exceeded'
    | 'model_context_exceeded'
    | 'model_request_refused'
    | 'model_unavailable'
    | 'model_stream_broken';
  text: string;
  /** Of the provider's answer, where there was one. For the log. */
  status: number | undefined;
}

const TEXTS: Readonly<Record<ModelFailure['errorType'], string>> = {
  model_key_refused:
    'The language model refused the key of this installation. An administrator has to check it.',
  model_not_found:
    'The language model that is set here does not exist at its provider. An administrator has to check its name.',
  model_rate_limited: 'The language model is asked too often right now. Try again in a minute.',
  model_budget_exceeded: 'You have used what you may use of the language model today. Try again tomorrow.',
  model_context_exceeded: 'This conversation is too long for the language model. Start a new one.',
  model_request_refused: 'The language model refused the request.',
  model_unavailable: 'The language model cannot be reached right now. Try again in a minute.',
  model_stream_broken: 'The language model stopped in the middle of its answer. Try again.',
};

const TOO_LONG = /context.{0,20}(length|window|limit)|too (long|many tokens)|maximum.{0,20}tokens/iu;

/** @param hasAnswered a part of the answer had come */
export function toModelFailure(thrown: unknown, hasAnswered: boolean): ModelFailure {
  const error = lastOf(thrown);
  const status = typeof error['statusCode'] === 'number' ? error['statusCode'] : undefined;
  const errorType = classify(status, error, hasAnswered);
  // Never the provider's own words: some of them repeat the key.
  return { errorType, text: TEXTS[errorType], status };
}

function classify(
  status: number | undefined,
  error: Record<string, unknown>,
  hasAnswered: boolean,
): ModelFailure['errorType'] {
  if (error['code'] === 'model.budget_exceeded') return 'model_budget_exceeded';
  if (status === undefined || status < 400) return hasAnswered ? 'model_stream_broken' : 'model_unavailable';
  if (status === 401 || status === 403) return 'model_key_refused';
  if (status === 404) return 'model_not_found';
  if (status === 429) return 'model_rate_limited';
  if (status === 408 || status >= 500) return 'model_unavailable';
  const said = `${String(error['message'])} ${String(error['responseBody'])}`;
  return status === 413 || TOO_LONG.test(said) ? 'model_context_exceeded' : 'model_request_refused';
}

/** After retries the library wraps the errors; the last one tells. */
function lastOf(thrown: unknown): Record<string, unknown> {
  const error = typeof thrown === 'object' && thrown !== null ? (thrown as Record<string, unknown>) : {};
  return typeof error['lastError'] === 'object' && error['lastError'] !== null
    ? lastOf(error['lastError'])
    : error;
}
