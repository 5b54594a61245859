/** Tokens as a provider counted them. */
export interface TokenCount {
  input: number;
  output: number;
}

const MAX_LINE = 1024 * 1024;

/**
 * Reads along with an answer, streamed or whole, and finds what it says of its tokens. OpenAI tells it once, Anthropic in two messages of which
 * each later number replaces the former. Undefined while nothing was said.
 */
export class UsageReader {
  #left = '';
  readonly #decoder = new TextDecoder();
  #count: Partial<TokenCount> = {};

  take(chunk: Uint8Array): void {
    const lines = (this.#left + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#left = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) this.#read(line);
  }

  end(): TokenCount | undefined {
    this.#read(this.#left + this.#decoder.decode());
    const { input, output } = this.#count;
    return input === undefined && output === undefined
      ? undefined
      : { input: input ?? 0, output: output ?? 0 };
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
    const input = countOf(usage?.['prompt_tokens'] ?? usage?.['input_tokens']);
    const output = countOf(usage?.['completion_tokens'] ?? usage?.['output_tokens']);
    if (input !== undefined) this.#count.input = input;
    if (output !== undefined) this.#count.output = output;
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
