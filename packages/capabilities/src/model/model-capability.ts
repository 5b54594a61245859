import { PlatformError } from '@switchyard/kernel';
import type { HeaderList, Usage, WireRequest, WireResponse } from '@switchyard/protocol';
import type { Capability, CapabilityCaller } from '../capability.ts';
import { defineCapability } from '../define-capability.ts';
import { deadline } from '../http/http-capability.ts';
import { readWhole } from '../http/read-whole.ts';
import { sendRequest } from '../http/send-request.ts';
import { UsageReader } from './usage-reader.ts';
import type { TokenCount } from './usage-reader.ts';

/** The model that this installation is connected to. */
export interface ModelConnection {
  readonly protocol: 'openai' | 'anthropic';
  /** With its version, as `https://api.example.com/v1`. The operator chose it: it may be private. */
  readonly baseUrl: string;
  readonly model: string;
  readonly apiKey: string | undefined;
  /** Of a million tokens, in the currency that the operator reckons in. Undefined: no cost is told. */
  readonly inputPrice: number | undefined;
  readonly outputPrice: number | undefined;
  /** Of tokens read from, and written to, the provider's cache. Undefined: as `inputPrice`. */
  readonly cacheReadPrice?: number | undefined;
  readonly cacheWritePrice?: number | undefined;
}

export interface ModelLimits {
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  /** From the call to the last byte of its answer. */
  readonly timeoutMs: number;
  /** Rejects MODEL_BUDGET_EXCEEDED where this user has used up what is his; asked before the model is. */
  readonly requireBudget?: (user: CapabilityCaller['user']) => Promise<void>;
}

const PATHS = { openai: '/chat/completions', anthropic: '/messages' } as const;
const MAX_ERROR_BYTES = 64 * 1024;
const MILLION = 1_000_000;
/** Of a request all that a bundle may say beside the body. */
const PASSED = new Set(['accept', 'anthropic-version', 'anthropic-beta']);

/** Calls of a language model. The bundle gives the body; address, model and key are the platform's, and so is the count of tokens. */
export function createModelCapability(connection: ModelConnection, limits: ModelLimits): Capability {
  const { protocol, model, baseUrl } = connection;
  const provider = new URL(baseUrl).hostname;
  return defineCapability('model', {
    describe: async () => ({ provider, model, protocol }),
    fetch: async (caller, request) => {
      requireCall(request, protocol);
      const body = asSent(await readWhole(request.body, limits.maxRequestBytes), connection);
      await limits.requireBudget?.(caller.user);
      const response = await sendRequest({
        url: new URL(baseUrl.replace(/(?<!\/)\/+$/u, '') + PATHS[protocol]),
        method: 'POST',
        headers: headersFor(request.headers, connection),
        body,
        addresses: undefined,
        maxResponseBytes: limits.maxResponseBytes,
        signal: AbortSignal.any([caller.signal, deadline(limits.timeoutMs)]),
      });
      if (response.status >= 400) return withoutKey(response, connection.apiKey);
      return { ...response, body: counted(response.body, { caller, connection, provider }) };
    },
  });
}

function requireCall({ method, url }: WireRequest, protocol: ModelConnection['protocol']): void {
  const path = URL.parse(url)?.pathname ?? '';
  if (method !== 'POST' || !path.endsWith(PATHS[protocol]))
    throw PlatformError.of('INVALID_REQUEST', `The model is called by POST ${PATHS[protocol]}.`);
}

/** Which model answers, and so what it costs, is not the bundle's choice; nor whether its tokens are told. */
function asSent(body: Uint8Array | null, { model, protocol }: ModelConnection): Uint8Array {
  try {
    const given: unknown = JSON.parse(new TextDecoder().decode(body ?? new Uint8Array()));
    if (typeof given === 'object' && given !== null && !Array.isArray(given))
      return new TextEncoder().encode(JSON.stringify({ ...given, ...usageAsked(given, protocol), model }));
  } catch {
    // Told below.
  }
  throw PlatformError.of('INVALID_REQUEST', 'The body of a model call is a JSON object.');
}

/** OpenAI tells the tokens of a stream only when it is asked; Anthropic always does. */
function usageAsked(given: object, protocol: ModelConnection['protocol']): object {
  const { stream, stream_options: options } = given as { stream?: unknown; stream_options?: unknown };
  if (protocol !== 'openai' || stream !== true) return {};
  const others = typeof options === 'object' ? options : {};
  return { stream_options: { ...others, include_usage: true } };
}

function headersFor(given: HeaderList, { protocol, apiKey }: ModelConnection): HeaderList {
  const passed = given.filter(([name]) => PASSED.has(name.toLowerCase()));
  const key: HeaderList =
    apiKey === undefined
      ? []
      : [protocol === 'openai' ? ['authorization', `Bearer ${apiKey}`] : ['x-api-key', apiKey]];
  return [['content-type', 'application/json'], ...passed, ...key];
}

/** Some providers repeat the key in their errors. */
async function withoutKey(response: WireResponse, apiKey: string | undefined): Promise<WireResponse> {
  const bytes = (await readWhole(response.body, MAX_ERROR_BYTES)) ?? new Uint8Array();
  const text = new TextDecoder().decode(bytes);
  const told = apiKey === undefined ? text : text.replaceAll(apiKey, '***');
  return { ...response, body: new TextEncoder().encode(told) };
}

/** Counted also when it was broken off: what was said of it until then was used. */
async function* counted(
  body: WireResponse['body'],
  {
    caller,
    connection,
    provider,
  }: { caller: CapabilityCaller; connection: ModelConnection; provider: string },
): AsyncGenerator<Uint8Array> {
  const reader = new UsageReader();
  try {
    for await (const chunk of body instanceof Uint8Array ? [body] : (body ?? [])) {
      reader.take(chunk);
      yield chunk;
    }
  } finally {
    const count = reader.end();
    // Before the bundle sees the end, so that the turn cannot be over first.
    if (count !== undefined) await caller.onUsage?.(usageOf(count, connection, provider));
  }
}

function usageOf(count: TokenCount, connection: ModelConnection, provider: string): Usage {
  const cost = costOf(count, connection);
  const { input, output, cacheRead } = count;
  return {
    provider,
    model: connection.model,
    input_tokens: input,
    output_tokens: output,
    ...(cacheRead === 0 ? {} : { cached_tokens: cacheRead }),
    ...(cost === undefined ? {} : { cost }),
  };
}

function costOf(
  { input, output, cacheRead, cacheWrite }: TokenCount,
  { inputPrice, outputPrice, cacheReadPrice, cacheWritePrice }: ModelConnection,
): number | undefined {
  if (inputPrice === undefined || outputPrice === undefined) return undefined;
  const parts = [
    (input - cacheRead - cacheWrite) * inputPrice,
    cacheRead * (cacheReadPrice ?? inputPrice),
    cacheWrite * (cacheWritePrice ?? inputPrice),
    output * outputPrice,
  ];
  return parts.reduce((sum, part) => sum + part) / MILLION;
}
