import { Deadline, PlatformError } from '@switchyard/kernel';
import { operationResultSchema } from '@switchyard/protocol';
import type {
  BundleManifest,
  ChannelMessages,
  ContinuationItem,
  InvocationUser,
  TurnInvocation,
  WireResponse,
} from '@switchyard/protocol';
import { describeFailure } from '@switchyard/runner';
import type { BundleVersion, Invocation, Runner } from '@switchyard/runner';
import { answerCall } from './answer-call.ts';
import type { FakePlatform } from './fake-platform.ts';
import { Recording } from './recording.ts';

const STOP_MS = 2000;
const DEFAULT_USER: InvocationUser = { user_id: 'ada', username: 'Ada', user_type: 'registered', roles: [] };

/** What the bundle's code threw or broke, with the text that its author needs; `errorType` is what a client would be told. */
export class BundleFailure extends Error {
  override readonly name = 'BundleFailure';
  readonly errorType: string;
  /** What was heard of the invocation before it failed. */
  readonly recording: Recording;

  constructor(error: unknown, recording: Recording) {
    super(describeFailure(error), { cause: error });
    this.errorType = error instanceof PlatformError ? error.errorType : 'internal';
    this.recording = recording;
  }
}

export interface InvokeOptions {
  readonly user?: Partial<InvocationUser>;
  /** Aborting it is what a cancel is on the server. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Hears everything at once, as text comes: for tests that act in the middle of a turn. */
  readonly onEvent?: (recording: Recording) => void;
}

export interface TurnOptions extends InvokeOptions {
  readonly history?: readonly { user: string; assistant: string }[];
  /** Messages that wait in the mailbox. More can be added while the turn runs: the array is read live. */
  readonly continuations?: ContinuationItem[];
  readonly conversation?: Partial<TurnInvocation['conversation']>;
  readonly attachments?: TurnInvocation['attachments'];
  readonly events?: TurnInvocation['events'];
}

/** A turn that ended well. */
export interface EndedTurn extends Recording {
  /** What the client gets with `chat_complete`. */
  readonly result: Record<string, unknown>;
}

export interface TestBundleParts {
  readonly runner: Runner;
  readonly version: BundleVersion;
  readonly manifest: BundleManifest;
  readonly platform: FakePlatform;
}

/** A bundle in its own process, to be called as the server would. Every method rejects BundleFailure. */
export class TestBundle implements AsyncDisposable {
  readonly manifest: BundleManifest;
  readonly platform: FakePlatform;
  readonly #runner: Runner;
  readonly #version: BundleVersion;
  #turns = 0;

  constructor({ runner, version, manifest, platform }: TestBundleParts) {
    this.#runner = runner;
    this.#version = version;
    this.manifest = manifest;
    this.platform = platform;
  }

  async turn(message: string, options: TurnOptions = {}): Promise<EndedTurn> {
    const id = `turn-${(this.#turns += 1)}`;
    const payload: TurnInvocation = {
      turn_id: id,
      conversation_id: 'conversation-1',
      bundle_id: this.manifest.id,
      message,
      events: options.events ?? [],
      attachments: options.attachments ?? [],
      history: (options.history ?? []).map((exchange, at) => ({
        ...exchange,
        turn_id: `turn-0-${at}`,
        created_at: new Date(0).toISOString(),
      })),
      user: { ...DEFAULT_USER, ...options.user },
      conversation: { is_new: options.history === undefined, ...options.conversation },
    };
    const { value, recording } = await this.#invoke({ kind: 'turn', payload }, options);
    return Object.assign(recording, { result: value as Record<string, unknown> });
  }

  /** What `run` returned after its output schema; a `Response` where it returned one. */
  async operation(name: string, input?: unknown, options: InvokeOptions = {}): Promise<unknown> {
    return this.#answer({ kind: 'operation', name, payload: this.#callOf(input, options) }, options);
  }

  async tool(name: string, input?: unknown, options: InvokeOptions = {}): Promise<unknown> {
    return this.#answer({ kind: 'tool', name, payload: this.#callOf(input, options) }, options);
  }

  /** Runs a job at once. `options.attempt` counts from 1. */
  async job(
    name: string,
    data?: unknown,
    options: InvokeOptions & { attempt?: number } = {},
  ): Promise<unknown> {
    const max = this.manifest.jobs[name]?.attempts ?? 1;
    const payload = { job_id: 'job-1', data, attempt: options.attempt ?? 1, max_attempts: max };
    return (await this.#invoke({ kind: 'job', name, payload }, options)).value;
  }

  async schedule(name: string, options: InvokeOptions & { tick?: string } = {}): Promise<void> {
    const payload = { tick: options.tick ?? new Date(0).toISOString() };
    await this.#invoke({ kind: 'schedule', name, payload }, options);
  }

  async channel<N extends keyof ChannelMessages>(
    name: N,
    message: ChannelMessages[N],
    options: InvokeOptions = {},
  ): Promise<void> {
    await this.#invoke({ kind: 'channel', name, payload: { message } }, options);
  }

  /** A request to the bundle's site: `await bundle.fetch('/path')`. Its body streams. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const { method, url, headers, body } = new Request(new URL(path, 'http://site.test'), init);
    const signal = init.signal ?? undefined;
    const request = { method, url, headers: [...headers], body };
    const options = signal === undefined ? {} : { signal };
    const { value } = await this.#invoke({ kind: 'web', payload: { request } }, options);
    return toResponse(value as WireResponse);
  }

  /** What differs from the defaults, as an admin would set it. */
  async setProps(props: Record<string, unknown>): Promise<void> {
    await this.#runner.setProps(this.#version.bundleId, props).catch((error: unknown) => {
      throw new BundleFailure(error, new Recording());
    });
  }

  async close(): Promise<void> {
    await this.#runner.stop(Deadline.in(STOP_MS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #callOf(input: unknown, { user }: InvokeOptions) {
    return { input, user: { ...DEFAULT_USER, ...user } };
  }

  async #answer(invocation: Pick<Invocation, 'kind' | 'name' | 'payload'>, options: InvokeOptions) {
    const { value } = await this.#invoke(invocation, options);
    const result = operationResultSchema.parse(value);
    return 'response' in result ? toResponse(result.response) : result.output;
  }

  async #invoke(
    invocation: Pick<Invocation, 'kind' | 'name' | 'payload'>,
    options: TurnOptions,
  ): Promise<{ value: unknown; recording: Recording }> {
    const { user, timeoutMs, signal = new AbortController().signal, continuations = [] } = options;
    const recording = new Recording();
    const caller = {
      granted: this.manifest.capabilities,
      httpHosts: this.manifest.httpHosts,
      userId: user?.user_id ?? DEFAULT_USER.user_id,
      continuations,
      signal,
    };
    try {
      const value = await this.#runner.invoke(this.#version, {
        ...invocation,
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onEvent: async (event, file) => {
          await recording.take(event, file);
          options.onEvent?.(recording);
        },
        onCall: (call) => answerCall(this.platform, caller, call),
        onLog: (line) => void recording.logs.push(line),
      });
      return { value, recording };
    } catch (error) {
      throw new BundleFailure(error, recording);
    }
  }
}

const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

function toResponse({ status, headers, body }: WireResponse): Response {
  const init = { status, headers };
  if (body === null || BODILESS.has(status)) return new Response(null, init);
  if (body instanceof Uint8Array) return new Response(new Uint8Array(body), init);
  return new Response(ReadableStream.from(body) as ReadableStream<Uint8Array>, init);
}
