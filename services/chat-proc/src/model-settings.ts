import { decimal, duration, integer, optionalSecret, text } from '@switchyard/kernel';
import type { ModelConnection } from '@switchyard/capabilities';
import { z } from 'zod';

const MAX_TOKENS = 1_000_000_000_000;
const dailyTokens = (who: string) =>
  integer(0, 0, MAX_TOKENS).describe(
    `Tokens, read and written, that ${who} may use of the model in a day (UTC), over all bundles; 0: no limit.`,
  );

/** The language model that bundles with the capability `model` may call. */
export const modelSettings = {
  modelProtocol: z
    .enum(['openai', 'anthropic'])
    .default('openai')
    .describe('What the model speaks: chat completions of OpenAI, or messages of Anthropic.'),
  modelBaseUrl: text('').describe(
    'Address of the model with its version, as `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`; empty: none is connected.',
  ),
  modelName: text('').describe('Name of the model at its provider.'),
  modelApiKey: optionalSecret().describe('Key of the model; bundles never see it.'),
  modelTimeout: duration('10m').describe('Longest that one call of the model may take, with its answer.'),
  modelDailyTokensAnonymous: dailyTokens('a guest'),
  modelDailyTokensRegistered: dailyTokens('a registered user'),
  modelDailyTokensPaid: dailyTokens('a paying user'),
  modelDailyTokensPrivileged: dailyTokens('an administrator'),
  modelInputPrice: decimal(0).describe('Price of a million tokens read; 0 for both prices: no cost is told.'),
  modelOutputPrice: decimal(0).describe('Price of a million tokens written.'),
  modelCacheReadPrice: decimal(0).describe(
    'Price of a million tokens that the provider read from its cache; 0: as tokens read.',
  ),
  modelCacheWritePrice: decimal(0).describe(
    'Price of a million tokens that the provider wrote to its cache; 0: as tokens read.',
  ),
};

type ModelSettings = z.output<z.ZodObject<typeof modelSettings>>;

/** Undefined: no model is connected. Throws when the address is none, or the name is missing. */
export function modelConnectionOf(settings: ModelSettings): ModelConnection | undefined {
  const { modelBaseUrl: baseUrl, modelName: model, modelInputPrice, modelOutputPrice } = settings;
  if (baseUrl === '') return undefined;
  if (!/^https?:$/u.test(URL.parse(baseUrl)?.protocol ?? ''))
    throw new Error('MODEL_BASE_URL is no address: write it as https://api.example.com/v1');
  if (model === '') throw new Error('MODEL_NAME is missing: MODEL_BASE_URL needs the name of a model');
  const hasPrice = modelInputPrice > 0 || modelOutputPrice > 0;
  return {
    protocol: settings.modelProtocol,
    baseUrl,
    model,
    apiKey: settings.modelApiKey?.reveal(),
    inputPrice: hasPrice ? modelInputPrice : undefined,
    outputPrice: hasPrice ? modelOutputPrice : undefined,
    cacheReadPrice: priceOf(settings.modelCacheReadPrice),
    cacheWritePrice: priceOf(settings.modelCacheWritePrice),
  };
}

function priceOf(price: number): number | undefined {
  return price > 0 ? price : undefined;
}
