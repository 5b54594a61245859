import type { Model } from '@switchyard/bundle-sdk';
import type { LanguageModel } from 'ai';
import type { AiSdk } from './load-ai-sdk.ts';
import { loadAiSdk } from './load-ai-sdk.ts';

export interface ConnectedModel {
  ai: AiSdk;
  model: LanguageModel;
  /** The provider's name of it. */
  name: string;
}

/** The platform sets address and key; what stands here only makes a well-formed request. */
const ADDRESS = 'http://model.platform/v1';
const NO_KEY = 'set-by-the-platform';
/** A platform that offers no models is one without a model. */
const NOT_OFFERED = new Set(['capability_denied', 'capability_unavailable']);

/** The model that an admin connected; undefined without one, and then no library was loaded. */
export async function connectModel(capability: Model): Promise<ConnectedModel | undefined> {
  const described = await describe(capability);
  if (described === null) return undefined;
  const ai = await loadAiSdk();
  const { provider, model: name, protocol } = described;
  const settings = { name: provider, baseURL: ADDRESS, apiKey: NO_KEY, fetch: capability.fetch };
  const model =
    protocol === 'anthropic'
      ? ai.createAnthropic(settings)(name)
      : ai.createOpenAICompatible({ ...settings, includeUsage: true })(name);
  return { ai, model, name };
}

async function describe(capability: Model): ReturnType<Model['describe']> {
  try {
    return await capability.describe();
  } catch (error) {
    if (NOT_OFFERED.has(String((error as { code?: unknown }).code))) return null;
    throw error;
  }
}
