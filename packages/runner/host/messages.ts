import type { WirePart } from './wire-parts.ts';

/**
 * The host channel: one JSON object a line, both ways, over the host wire (fd 0 of the child). `v` changes when a shape does; a
 * side that reads another `v` gives up. The channel is ours and not Node's own IPC, because a line that is no JSON, which any
 * bundle can write to the descriptor, throws in the parent's internals there and would end proc.
 */
export const CHANNEL_VERSION = 1;

/** What goes wrong in a bundle, as data. `stack` is for the author and the admin, never for the user. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

/** What a message names that travels over the byte pipe; see wire-parts.ts. */
type Parts = { readonly parts?: readonly WirePart[] };

/** proc -> host. `id` names an invocation or what a `result` answers; `call` what a `reply` answers. */
export type ToHost =
  /** Loads the sample, so that a bundle which comes later finds everything there. */
  | { readonly kind: 'warm'; readonly id: number }
  /** Answered with the bundle's manifest. */
  | { readonly kind: 'load'; readonly id: number; readonly entry: string; readonly props: unknown }
  | { readonly kind: 'props'; readonly id: number; readonly props: unknown }
  | ({
      readonly kind: 'invoke';
      readonly id: number;
      readonly invocation: { readonly kind: string; readonly name?: string; readonly payload: unknown };
      /** Not made yet: the host makes it when it is asked for. */
      readonly scratchDir: string;
    } & Parts)
  | { readonly kind: 'cancel'; readonly id: number; readonly reason: string }
  | { readonly kind: 'ack'; readonly id: number; readonly bytes: number }
  | ({
      readonly kind: 'reply';
      readonly id: number;
      readonly call: number;
      readonly value?: unknown;
      readonly error?: WireError;
    } & Parts)
  | { readonly kind: 'ping'; readonly id: number }
  | { readonly kind: 'drain' };

/** host -> proc. `bytes` of an event is what its `ack` gives back. */
export type FromHost =
  /** The invocation is over. `usedScratch`: there is a folder to be removed. */
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly value?: unknown;
      readonly error?: WireError;
      readonly usedScratch?: boolean;
    }
  /** What the caller gets, while its bodies and the bundle's work behind it still go on; the `result` comes at their end. */
  | ({ readonly kind: 'head'; readonly id: number; readonly value?: unknown } & Parts)
  | { readonly kind: 'event'; readonly id: number; readonly bytes: number; readonly event: unknown }
  | ({
      readonly kind: 'call';
      readonly id: number;
      readonly call: number;
      readonly target: string;
      readonly method: string;
      readonly args: readonly unknown[];
    } & Parts)
  | { readonly kind: 'log'; readonly id?: number; readonly level: LogLevel; readonly text: string }
  | { readonly kind: 'pong'; readonly id: number; readonly rssBytes: number }
  | { readonly kind: 'fatal'; readonly error: WireError };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Handed to the child as its only argument: what it needs before any message can come. */
export interface HostBoot {
  /** URL of what `@switchyard/bundle-sdk` means. */
  readonly sdkUrl: string;
  /** URL of the bundle that a host loads while it waits for another one. */
  readonly sampleUrl: string;
  /** Of the folder of the SDK's zod, with a slash at its end: whatever is found there is the SDK's. */
  readonly zodHome: string;
  /** What the names of zod mean where a bundle brings none; absent: what is found from the SDK. */
  readonly zodUrls?: Readonly<Record<string, string>>;
  /** False at sandbox level `none`. */
  readonly guarded: boolean;
  readonly windowBytes: number;
  readonly maxMessageBytes: number;
  /** Of bytes that are handed over whole. */
  readonly maxWholeBytes: number;
  readonly maxStreams: number;
  readonly selfFenceMs: number;
}
