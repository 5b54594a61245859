import type * as packed from './ai-sdk.ts';

export type AiSdk = typeof packed;

/** Made by `npm run build`. A name that the checker does not follow: the file is there only after the build. */
const PACKED = new URL('../../dist/ai-sdk.js', import.meta.url).href;

let loading: Promise<AiSdk> | undefined;

/** Loads the packed library at its first use (some 90 ms), so that nobody pays for it without a model. */
export function loadAiSdk(): Promise<AiSdk> {
  loading ??= (import(PACKED) as Promise<AiSdk>).catch((error: unknown) => {
    loading = undefined;
    throw new Error(
      'dist/ai-sdk.js is missing or does not load: run `npm run build` in the bundle and register it again',
      {
        cause: error,
      },
    );
  });
  return loading;
}
