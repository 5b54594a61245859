import type { Response } from 'express';
import { SseConnection, forgetRequest } from '@switchyard/http';
import type { SseFrame, SseOutlet } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { HEADER, formatTimestamp } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { SIGNED_OUT } from '@switchyard/relay';
import type { FollowedFrame, Follower, FrameSink, Taken } from '@switchyard/relay';
import type { Log } from '@switchyard/telemetry';
import { watchDelivery } from './delivery-watch.ts';
import type { DeliveryParts } from './delivery-watch.ts';
import type { Expiring, ExpiryWatch } from './expiry-watch.ts';
import type { OpenStream, OpenStreams } from './open-streams.ts';

export interface StreamParts extends DeliveryParts {
  streams: OpenStreams;
  expiry: ExpiryWatch;
  outlet: SseOutlet;
  scope: TenantProject;
  log: Pick<Log, 'warn'>;
  drainLimitMs: number;
}

export interface StreamRequest {
  caller: Caller;
  follower: Follower;
  streamId: string;
  /** Added to `ready`. */
  ready?: Record<string, unknown>;
  /** Since when it follows, epoch milliseconds; absent: since now. */
  followedSince?: number;
  /** Which frames go out, and which is the last. Without it: all, until the client goes. Must not throw. */
  decide?: (frame: FollowedFrame) => 'skip' | 'send' | 'send_and_end';
  /** Once, when the stream is over, or has found no place. */
  onEnd?: () => void;
}

// Written but not yet taken by the socket; what waits beyond it waits in the follower, where it can be merged.
const SOCKET_BUFFER_BYTES = 64 * 1024;

/**
 * Writes a follower's frames to a client until one of the two ends; returns when it has begun. However it ends, the follower is closed,
 * the place is given back, and no timer or listener stays. Throws, with the follower closed, when there is no place.
 */
export function serveStream(parts: StreamParts, res: Response, request: StreamRequest): void {
  const stream = new ServedStream(parts, request);
  const { follower } = request;
  try {
    stream.enter();
  } catch (error) {
    follower.close();
    request.onEnd?.();
    throw error;
  }
  const headers = follower.resumedFrom === undefined ? {} : { [HEADER.resumedFrom]: follower.resumedFrom };
  const sse = new SseConnection(res, {
    headers,
    outlet: parts.outlet,
    maxBufferBytes: SOCKET_BUFFER_BYTES,
    drainLimitMs: parts.drainLimitMs,
    onEnd: () => follower.close(),
  });
  sse.write(readyFrame(parts, request));
  forgetRequest(res.req);
  stream.start(sse);
}

/** One open stream: all that is kept of it beside its response and its follower. Nothing here holds the request. */
class ServedStream implements FrameSink, OpenStream, Expiring {
  readonly sessionId: string;
  readonly expiresAt: number | undefined;
  readonly #parts: StreamParts;
  readonly #follower: Follower;
  readonly #decide: StreamRequest['decide'];
  readonly #onEnd: StreamRequest['onEnd'];
  readonly #since: number;
  #sse: SseConnection | undefined;
  #leave: (() => void) | undefined;

  constructor(parts: StreamParts, { caller, follower, decide, onEnd, followedSince }: StreamRequest) {
    this.sessionId = caller.sessionId;
    this.expiresAt = caller.expiresAt;
    this.#parts = parts;
    this.#follower = follower;
    this.#decide = decide;
    this.#onEnd = onEnd;
    this.#since = followedSince ?? parts.clock.now();
  }

  /** Throws when there is no place. */
  enter(): void {
    this.#leave = this.#parts.streams.add(this);
  }

  start(sse: SseConnection): void {
    this.#sse = sse;
    this.#parts.expiry.watch(this);
    // A follower that is over already says so at once.
    this.#follower.start(this);
  }

  take(frame: FollowedFrame): Taken {
    const { event } = frame;
    const action = event === undefined || this.#decide === undefined ? 'send' : this.#decide(frame);
    if (action === 'skip') return 'more';
    const written = this.#sse?.write(frame) ?? 'over';
    if (written === 'over') return 'end';
    watchDelivery(this.#parts, this.#since, frame);
    if (action === 'send_and_end' || isSignOut(frame)) return 'end';
    if (written === 'sent') return 'more';
    this.#sse?.whenDrained((isOpen) => void (isOpen && this.#follower.resume()));
    return 'wait';
  }

  several(edge: 'begin' | 'end'): void {
    if (edge === 'begin') this.#sse?.hold();
    else this.#sse?.release();
  }

  ended(error?: unknown): void {
    this.#leave?.();
    this.#parts.expiry.forget(this);
    if (error === undefined) this.#sse?.close();
    else {
      this.#parts.log.warn('event stream broken', { session_id: this.sessionId, error });
      this.#sse?.destroy();
    }
    this.#onEnd?.();
  }

  shutDown(): void {
    this.#sse?.close({ event: 'server_shutdown', data: '{}' });
  }

  warn(frame: SseFrame): void {
    this.#sse?.write(frame);
  }

  end(): void {
    this.#follower.close();
  }
}

function readyFrame(
  { scope, clock }: StreamParts,
  { caller, follower, streamId, ready }: StreamRequest,
): SseFrame {
  const body = {
    timestamp: formatTimestamp(clock.now()),
    session_id: caller.sessionId,
    user_type: caller.userType,
    stream_id: streamId,
    ...scope,
    ...ready,
  };
  // Only a stream that begins now takes its position from `ready`: one that goes on has its own, and must keep it until it
  // has seen what it missed, or `resync`.
  const isFresh = follower.resumedFrom === undefined && !follower.isResync;
  return { ...(isFresh ? { id: follower.position } : {}), event: 'ready', data: JSON.stringify(body) };
}

export function isSignOut(frame: Pick<FollowedFrame, 'event' | 'data'>): boolean {
  return frame.event === 'chat_service' && frame.data?.startsWith(`{"type":"${SIGNED_OUT}"`) === true;
}
