/** Tokens as a provider counted them. */
export interface TokenCount {
  /** All that was read, cached or not. */
  input: number;
  output: number;
  /** Of `input`: read from the provider's cache. */
  cacheRead: number;
  /** Of `input`: written to the provider's cache. */
  cacheWrite: number;
}

/** As each provider names them; Anthropic's `input_tokens` leave the cached ones out, OpenAI's `prompt_tokens` hold them. */
interface Told {
  uncached?: number | undefined;
  whole?: number | undefined;
  output?: number | undefined;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
}

const MAX_LINE = 1024 * 1024;

/**
 * Reads along with an answer, streamed or whole, and finds what it says of its tokens. OpenAI tells it once, Anthropic in two messages of which
 * each later number replaces the former. Undefined while nothing was said.
 */
export class UsageReader {
  #left = '';
  readonly #decoder = new TextDecoder();
  readonly #told: Told = {};

  take(chunk: Uint8Array): void {
    const lines = (this.#left + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#left = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) this.#read(line);
  }

  end(): TokenCount | undefined {
    this.#read(this.#left + this.#decoder.decode());
    const { uncached, whole, output, cacheRead = 0, cacheWrite = 0 } = this.#told;
    if (uncached === undefined && whole === undefined && output === undefined) return undefined;
    const input = whole ?? (uncached ?? 0) + cacheRead + cacheWrite;
    return { input, output: output ?? 0, cacheRead: Math.min(cacheRead, input), cacheWrite };
  }

  #read(line: string): void {
    if (!line.includes('"usage"')) return;
    try {
      const said = JSON.parse(line.replace(/^data:\s*/u, '')) as Said;
      for (const usage of [said.message?.usage, said.usage]) this.#note(usage);
    } catch {
      // A line of a pretty-printed answer, or of no JSON: it counts nothing.
    }
  }

  #note(usage: Said['usage']): void {
    const details = usage?.['prompt_tokens_details'] as Record<string, unknown> | null | undefined;
    const said: Told = {
      whole: countOf(usage?.['prompt_tokens']),
      uncached: countOf(usage?.['input_tokens']),
      output: countOf(usage?.['completion_tokens'] ?? usage?.['output_tokens']),
      cacheRead: countOf(usage?.['cache_read_input_tokens'] ?? details?.['cached_tokens']),
      cacheWrite: countOf(usage?.['cache_creation_input_tokens']),
    };
    for (const [name, count] of Object.entries(said) as [keyof Told, number | undefined][])
      if (count !== undefined) this.#told[name] = count;
  }
}

interface Said {
  usage?: Record<string, unknown> | null;
  message?: { usage?: Record<string, unknown> | null };
}

/** A provider is not trusted to count in whole numbers. */
function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
